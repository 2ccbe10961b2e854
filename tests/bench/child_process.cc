// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/child_process.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace tokenbroker {
namespace {

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The sum of some fields of a line, in seconds.
double SumOfTicks(absl::string_view line, std::initializer_list<size_t> which) {
  const std::vector<absl::string_view> fields =
      absl::StrSplit(line, ' ', absl::SkipEmpty());
  int64_t sum = 0;
  for (const size_t field : which) {
    int64_t ticks = 0;
    if (field >= fields.size() || !absl::SimpleAtoi(fields[field], &ticks)) {
      return 0;
    }
    sum += ticks;
  }
  return static_cast<double>(sum) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double CpuSecondsOf(pid_t process) {
  const std::string stat = Read(absl::StrCat("/proc/", process, "/stat"));
  const size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return 0;
  // proc(5): utime and stime.
  return SumOfTicks(stat.substr(name_end + 2), {11, 12});
}

}  // namespace

ChildProcess::ChildProcess(const std::function<void()>& body) : child_(fork()) {
  if (child_ < 0) std::abort();
  if (child_ > 0) return;
  // Nobody is left behind when the benchmark is interrupted.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  body();
  std::_Exit(0);
}

ChildProcess::~ChildProcess() {
  if (child_ < 0) return;
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

bool ChildProcess::IsRunning() {
  if (child_ > 0 && waitpid(child_, nullptr, WNOHANG) == child_) child_ = -1;
  return child_ > 0;
}

double ChildProcess::CpuSeconds() const { return CpuSecondsOf(child_); }

double MachineCpuSeconds() {
  // proc(5): all but idle and iowait; what guests took is in user and nice.
  const std::string stat = Read("/proc/stat");
  return SumOfTicks(stat.substr(0, stat.find('\n')), {1, 2, 3, 6, 7, 8});
}

double OwnCpuSeconds() { return CpuSecondsOf(getpid()); }

}  // namespace tokenbroker
