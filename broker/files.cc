// SPDX-License-Identifier: Apache-2.0
#include "broker/files.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace tokenbroker {
namespace {

constexpr std::streamsize kLargest = 1 << 20;

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kLargest + 1, '\0');
  // Reading a directory opens well and fails here.
  if (!file || !file.read(bytes.data(), kLargest + 1).eof()) {
    if (file) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " is larger than 1 MiB"));
    }
    const std::string message =
        absl::StrCat("cannot read ", path, ": ",
                     std::generic_category().message(errno == 0 ? EIO : errno));
    if (errno == ENOENT) return absl::NotFoundError(message);
    if (errno == EACCES) return absl::PermissionDeniedError(message);
    return absl::InvalidArgumentError(message);
  }
  bytes.resize(file.gcount());
  return bytes;
}

}  // namespace tokenbroker
