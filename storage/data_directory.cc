// SPDX-License-Identifier: Apache-2.0
#include "storage/data_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "broker/status_macros.h"
#include "storage/posix_file.h"

namespace tokenbroker {
namespace {

constexpr absl::string_view kMarker = "CREATING";

bool IsRocksName(absl::string_view name) {
  for (const absl::string_view whole : {"CURRENT", "LOCK", "IDENTITY", "LOG"}) {
    if (name == whole) return true;
  }
  for (const absl::string_view start : {"LOG.old.", "MANIFEST-", "OPTIONS-"}) {
    if (absl::StartsWith(name, start)) return true;
  }
  for (const absl::string_view end : {".log", ".sst", ".blob", ".dbtmp"}) {
    if (absl::EndsWith(name, end)) return true;
  }
  return false;
}

std::string Subject(const std::string& path) {
  return absl::StrCat("data directory ", path);
}

absl::StatusOr<std::vector<std::string>> Names(const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    // Every fresh ext4 volume has one.
    if (name != "lost+found") names.push_back(name);
  }
  if (error) {
    return FileError(absl::StrCat(Subject(path), " cannot be read"),
                     error.value());
  }
  return names;
}

absl::Status MakeDirectory(const std::string& path) {
  // For the owner only: names and addresses of users are not sealed.
  if (mkdir(path.c_str(), S_IRWXU) == 0) {
    // RocksDB syncs the directory, not the name of it.
    return SyncFolderOf(path);
  }
  const int error = errno;
  if (error != EEXIST) {
    return FileError(absl::StrCat(Subject(path), " cannot be made"), error);
  }
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    return FileError(absl::StrCat(Subject(path), " cannot be read"), errno);
  }
  if (!S_ISDIR(status.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(Subject(path), " is not a directory: name an empty one"));
  }
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    return FileError(
        absl::StrCat(Subject(path), " must be readable and writable for us"),
        errno);
  }
  return absl::OkStatus();
}

absl::Status MakeMarker(const std::string& path) {
  const std::string marker = absl::StrCat(path, "/", kMarker);
  const FileDescriptor file(
      open(marker.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.get() < 0) {
    return FileError(absl::StrCat(Subject(path), " cannot be written"), errno);
  }
  ABSL_RETURN_IF_ERROR(
      WriteAndSync(file.get(), "A store is being made here.\n"));
  return SyncFolder(path);
}

}  // namespace

absl::StatusOr<DirectoryState> PrepareDataDirectory(const std::string& path) {
  ABSL_RETURN_IF_ERROR(MakeDirectory(path));
  ABSL_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(path));
  const auto has = [&names](absl::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };

  if (has(kMarker)) return DirectoryState::kToBeMade;
  if (names.empty()) {
    ABSL_RETURN_IF_ERROR(MakeMarker(path));
    return DirectoryState::kToBeMade;
  }
  if (!has("CURRENT")) {
    for (const std::string& name : names) {
      if (IsRocksName(name)) continue;
      return absl::FailedPreconditionError(
          absl::StrCat(Subject(path), " holds `", name,
                       "`, not a broker's data: name an empty one"));
    }
    return absl::DataLossError(absl::StrCat(
        Subject(path), " lost its file CURRENT: restore it from a backup"));
  }
  // A store that was ever opened has a log.
  const bool has_log = std::any_of(
      names.begin(), names.end(),
      [](absl::string_view name) { return absl::EndsWith(name, ".log"); });
  if (!has_log) {
    return absl::DataLossError(absl::StrCat(
        Subject(path), " lost its log (*.log): restore it from a backup"));
  }
  return DirectoryState::kStore;
}

absl::Status FinishDataDirectory(const std::string& path) {
  const std::string marker = absl::StrCat(path, "/", kMarker);
  if (unlink(marker.c_str()) != 0 && errno != ENOENT) {
    return FileError(absl::StrCat(Subject(path), " cannot be written"), errno);
  }
  return SyncFolder(path);
}

}  // namespace tokenbroker
