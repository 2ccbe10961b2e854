// SPDX-License-Identifier: Apache-2.0
#include "storage/rocks_database.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/failpoints.h"

namespace tokenbroker {
namespace {

rocksdb::Slice ToSlice(absl::string_view bytes) {
  return rocksdb::Slice(bytes.data(), bytes.size());
}

absl::Status FromRocks(const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = absl::StrCat("storage: ", status.ToString());
  if (status.IsCorruption()) return absl::DataLossError(message);
  return absl::UnavailableError(message);
}

// RocksDB has one code for every I/O error; these are told apart by its words.
bool Says(const rocksdb::Status& status, absl::string_view words) {
  return absl::StrContains(status.ToString(), words);
}

bool Says(const rocksdb::Status& status, std::errc error) {
  return Says(status, std::make_error_code(error).message());
}

absl::Status OpenError(const std::string& path, const rocksdb::Status& status) {
  const std::string directory = absl::StrCat("data directory ", path);
  const std::string because = absl::StrCat(" (", status.ToString(), ")");
  if (Says(status, "While lock file") ||
      Says(status, "lock hold by current process")) {
    return absl::AbortedError(
        absl::StrCat(directory,
                     " is in use by another process: stop that one, or name "
                     "another directory"));
  }
  if (Says(status, std::errc::permission_denied)) {
    return absl::PermissionDeniedError(
        absl::StrCat(directory, " is not ours to use", because,
                     ": give its files to the user that runs the broker"));
  }
  // A file that another names is not there.
  if (status.IsCorruption() ||
      Says(status, std::errc::no_such_file_or_directory)) {
    return absl::DataLossError(absl::StrCat(directory, " is damaged", because,
                                            ": restore it from a backup"));
  }
  // Column families or a row order that are not ours.
  if (status.IsInvalidArgument()) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory, " holds a database that is not a broker's",
                     because, ": name an empty one"));
  }
  return absl::UnavailableError(
      absl::StrCat(directory, " cannot be opened", because,
                   ": look at the disk, then start again"));
}

}  // namespace

void RocksDatabase::Batch::Put(Family family, absl::string_view row,
                               absl::string_view value) {
  batch_.Put(database_.Handle(family), ToSlice(row), ToSlice(value));
}

void RocksDatabase::Batch::Delete(Family family, absl::string_view row) {
  batch_.Delete(database_.Handle(family), ToSlice(row));
}

absl::StatusOr<std::unique_ptr<RocksDatabase>> RocksDatabase::Open(
    const std::string& path, DirectoryState state, uint64_t least_free_bytes) {
  rocksdb::DBOptions options = DatabaseOptions();
  if (state == DirectoryState::kToBeMade) {
    options.create_if_missing = true;
    options.create_missing_column_families = true;
  }
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, path, FamilyDescriptors(), &families, &db);
  if (!status.ok()) return OpenError(path, status);
  return std::unique_ptr<RocksDatabase>(
      new RocksDatabase(path, least_free_bytes,
                        std::unique_ptr<rocksdb::DB>(db), std::move(families)));
}

RocksDatabase::RocksDatabase(std::string path, uint64_t least_free_bytes,
                             std::unique_ptr<rocksdb::DB> db,
                             std::vector<rocksdb::ColumnFamilyHandle*> families)
    : path_(std::move(path)),
      least_free_bytes_(least_free_bytes),
      db_(std::move(db)),
      families_(std::move(families)) {}

RocksDatabase::~RocksDatabase() {
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  // Nothing is lost if this fails: every write is on disk already.
  db_->Close().PermitUncheckedError();
}

absl::StatusOr<std::vector<RocksDatabase::Entry>> RocksDatabase::Scan(
    Family family, const std::string& first, const std::string& end,
    int limit) const {
  const rocksdb::Slice bound = ToSlice(end);
  rocksdb::ReadOptions options;
  if (!end.empty()) options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> iterator(
      db_->NewIterator(options, Handle(family)));
  std::vector<Entry> entries;
  if (limit <= 0) return entries;
  for (iterator->Seek(ToSlice(first)); iterator->Valid(); iterator->Next()) {
    entries.push_back(
        {iterator->key().ToString(), iterator->value().ToString()});
    if (entries.size() == static_cast<size_t>(limit)) break;
  }
  absl::Status status = FromRocks(iterator->status());
  if (!status.ok()) return status;
  return entries;
}

absl::Status RocksDatabase::Write(Batch* batch) {
  absl::Status status = TOKENBROKER_FAILPOINT_STATUS("storage.before_write");
  if (status.ok()) {
    status = FromRocks(db_->Write(DurableWrite(), &batch->batch_));
  }
  TOKENBROKER_FAILPOINT("storage.after_write");
  if (!status.ok()) write_failed_ = true;
  return status;
}

absl::Status RocksDatabase::Writable() const {
  if (write_failed_) {
    return absl::UnavailableError(
        "storage: a write failed; look at the disk, then restart");
  }
  struct statvfs disk;
  if (statvfs(path_.c_str(), &disk) != 0) {
    return absl::UnavailableError(
        "storage: the data directory is out of reach");
  }
  if (static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize <
      least_free_bytes_) {
    return absl::UnavailableError(absl::StrCat(
        "storage: less than ", least_free_bytes_ >> 20, " MiB are free"));
  }
  return absl::OkStatus();
}

absl::Status RocksDatabase::Damaged(Family family) const {
  return absl::DataLossError(absl::StrCat(
      "storage: a row of `", Handle(family)->GetName(), "` is damaged"));
}

rocksdb::ColumnFamilyHandle* RocksDatabase::Handle(Family family) const {
  return families_[static_cast<size_t>(family)];
}

absl::StatusOr<std::optional<std::string>> RocksDatabase::ReadBytes(
    Family family, absl::string_view row) const {
  std::string bytes;
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), Handle(family), ToSlice(row), &bytes);
  if (status.IsNotFound()) return std::optional<std::string>();
  const absl::Status error = FromRocks(status);
  if (!error.ok()) return error;
  return std::optional<std::string>(std::move(bytes));
}

}  // namespace tokenbroker
