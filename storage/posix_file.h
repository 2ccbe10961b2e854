// SPDX-License-Identifier: Apache-2.0
//
// A few POSIX calls with a Status.
#ifndef TOKENBROKER_STORAGE_POSIX_FILE_H_
#define TOKENBROKER_STORAGE_POSIX_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tokenbroker {

// Closes a file at the end of its scope. Negative: there is none.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  ~FileDescriptor();
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

// "WHAT: the system's words": kPermissionDenied where the system refuses, else
// kUnavailable.
absl::Status FileError(absl::string_view what, int error);

// Writes all of `contents` and syncs.
absl::Status WriteAndSync(int descriptor, absl::string_view contents);

// Makes the names in a folder durable; in the folder that `path` stands in.
absl::Status SyncFolder(const std::string& path);
absl::Status SyncFolderOf(const std::string& path);

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_POSIX_FILE_H_
