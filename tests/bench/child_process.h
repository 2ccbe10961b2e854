// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_BENCH_CHILD_PROCESS_H_
#define TOKENBROKER_TESTS_BENCH_CHILD_PROCESS_H_

#include <sys/mman.h>
#include <sys/types.h>

#include <cstdlib>
#include <functional>
#include <new>

namespace tokenbroker {

// A process of its own for one part of a benchmark. Make it before this process
// starts a thread: gRPC does not survive a fork.
class ChildProcess {
 public:
  // Runs `body` in the child, then ends it.
  explicit ChildProcess(const std::function<void()>& body);
  // Kills it, if it has not ended.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  bool IsRunning();

  // Processor time spent so far.
  double CpuSeconds() const;

 private:
  pid_t child_ = -1;
};

// Processor time that the whole machine has spent so far, and this process.
double MachineCpuSeconds();
double OwnCpuSeconds();

// A T that this process and the children it makes later see alike. T's members
// are atomics, or are written before an atomic says so.
template <typename T>
class SharedMemory {
 public:
  SharedMemory() {
    void* const memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    value_ = new (memory) T();
  }
  ~SharedMemory() { munmap(value_, sizeof(T)); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  T* value_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_BENCH_CHILD_PROCESS_H_
