// SPDX-License-Identifier: Apache-2.0
#include "storage/keyring_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "broker/random.h"
#include "broker/status_macros.h"
#include "storage/guarded_key.h"
#include "storage/posix_file.h"

namespace tokenbroker {
namespace {

constexpr size_t kMostBytes = 64 << 10;

absl::Status CheckFile(const std::string& path, const struct stat& file) {
  if (!S_ISREG(file.st_mode) ||
      static_cast<size_t>(file.st_size) > kMostBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("keyring ", path,
                     " is not a file of at most 64 KiB: make "
                     "one with `token-broker keygen`"));
  }
  const mode_t others = file.st_mode & S_IRWXO;
  const mode_t group = file.st_mode & S_IRWXG;
  const bool as_mounted = file.st_uid == 0 && group == S_IRGRP;
  if (others == 0 && (group == 0 || as_mounted)) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("keyring ", path,
                   " can be used by others than its owner: chmod 0400 ", path));
}

// Standard Base64 of fresh random bytes.
Secret NewKey(Random& random) {
  std::string bytes = random.Bytes(GuardedKey::kBytes);
  std::string text(
      sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL),
      '\0');
  sodium_bin2base64(text.data(), text.size(),
                    reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the NUL that sodium ends it with
  WipeString(&bytes);
  return Secret::Take(&text);
}

Secret NewKeyring(Random& random, absl::Time now) {
  const std::string id =
      absl::StrCat(absl::FormatTime("k%Y%m%d-", now, absl::UTCTimeZone()),
                   absl::BytesToHexString(random.Bytes(3)));
  const Secret key = NewKey(random);
  const Secret index_key = NewKey(random);
  std::string text = absl::StrCat(
      "# Opens every token this broker has stored. Keep a copy in a safe "
      "place,\n"
      "# apart from the copies of the data: without it they are worthless, "
      "and\n"
      "# with it they are not secret.\n"
      "primary_key_id: ",
      id,
      "\n"
      "keys:\n"
      "- id: ",
      id,
      "\n"
      "  secret: \"",
      key.Reveal(),
      "\"\n"
      "# Never change this one.\n"
      "index_key: \"",
      index_key.Reveal(), "\"\n");
  return Secret::Take(&text);
}

}  // namespace

absl::StatusOr<Secret> ReadKeyringFile(const std::string& path) {
  // O_NONBLOCK: a pipe in its place must not hold us up.
  const FileDescriptor file(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    const int error = errno;
    if (error == ENOENT) {
      return absl::NotFoundError(
          absl::StrCat("keyring ", path,
                       " does not exist: make one with `token-broker "
                       "keygen --out ",
                       path, "`"));
    }
    return FileError(absl::StrCat("keyring ", path, " cannot be read"), error);
  }
  struct stat status;
  if (fstat(file.get(), &status) != 0) {
    return FileError(absl::StrCat("keyring ", path, " cannot be read"), errno);
  }
  ABSL_RETURN_IF_ERROR(CheckFile(path, status));
  std::string contents(status.st_size, '\0');
  size_t length = 0;
  while (length < contents.size()) {
    const ssize_t count =
        read(file.get(), contents.data() + length, contents.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      WipeString(&contents);
      return FileError(absl::StrCat("keyring ", path, " cannot be read"),
                       error);
    }
    if (count == 0) break;
    length += count;
  }
  contents.resize(length);
  return Secret::Take(&contents);
}

absl::Status WriteNewKeyring(const std::string& path, Random& random,
                             absl::Time now) {
  const Secret contents = NewKeyring(random, now);
  const FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
           S_IRUSR));
  if (file.get() < 0) {
    const int error = errno;
    if (error == EEXIST) {
      return absl::AlreadyExistsError(absl::StrCat(
          path, " exists and is not overwritten: choose another name"));
    }
    return FileError(absl::StrCat("keyring ", path, " cannot be written"),
                     error);
  }
  absl::Status written = WriteAndSync(file.get(), contents.Reveal());
  if (written.ok()) written = SyncFolderOf(path);
  if (!written.ok()) {
    // Half a keyring is none.
    unlink(path.c_str());
    return absl::Status(written.code(),
                        absl::StrCat("keyring ", path, " cannot be written: ",
                                     written.message()));
  }
  return absl::OkStatus();
}

}  // namespace tokenbroker
