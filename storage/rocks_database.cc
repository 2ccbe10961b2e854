// SPDX-License-Identifier: Apache-2.0
#include "storage/rocks_database.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <deque>
#include <iterator>
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
  std::unique_ptr<RocksDatabase> database(
      new RocksDatabase(path, least_free_bytes));
  rocksdb::DBOptions options = DatabaseOptions();
  options.listeners.push_back(database->listener_);
  if (state == DirectoryState::kToBeMade) {
    options.create_if_missing = true;
    options.create_missing_column_families = true;
  }
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(
      options, path, FamilyDescriptors(), &database->families_, &db);
  if (!status.ok()) return OpenError(path, status);
  database->db_.reset(db);
  database->listener_->SetFamilies(database->families_);
  return database;
}

RocksDatabase::RocksDatabase(std::string path, uint64_t least_free_bytes)
    : path_(std::move(path)), least_free_bytes_(least_free_bytes) {}

RocksDatabase::~RocksDatabase() {
  if (db_ == nullptr) return;
  listener_->SetFamilies({});
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  // Nothing is lost if this fails: every write is on disk already.
  db_->Close().PermitUncheckedError();
}

absl::StatusOr<std::vector<RocksDatabase::Entry>> RocksDatabase::Scan(
    Family family, const std::string& first, const std::string& end,
    int limit) const {
  const rocksdb::Slice lower = ToSlice(first);
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower;
  if (!end.empty()) options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> iterator(
      db_->NewIterator(options, Handle(family)));
  std::vector<Entry> entries;
  if (limit <= 0) return entries;
  const size_t most = static_cast<size_t>(limit);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    entries.push_back(
        {iterator->key().ToString(), iterator->value().ToString()});
    if (entries.size() == most) return entries;
  }
  absl::Status status = CheckRead(family, "", iterator->status());
  if (status.ok()) return entries;
  if (!absl::IsDataLoss(status)) return status;

  // Nobody knows where the damaged block ends, so what is behind it is read
  // from its other end.
  std::deque<Entry> behind;
  for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev()) {
    behind.push_front(
        {iterator->key().ToString(), iterator->value().ToString()});
    if (entries.size() + behind.size() > most) behind.pop_back();
  }
  status = CheckRead(family, "", iterator->status());
  if (!status.ok() && !absl::IsDataLoss(status)) return status;
  std::move(behind.begin(), behind.end(), std::back_inserter(entries));
  return entries;
}

absl::Status RocksDatabase::Write(Batch* batch) {
  // Debian's RocksDB ends the process if it is asked to write behind an error.
  if (const absl::Status failure = listener_->failure(); !failure.ok()) {
    return absl::UnavailableError(failure.message());
  }
  const absl::Status armed =
      TOKENBROKER_FAILPOINT_STATUS("storage.before_write");
  const rocksdb::Status status =
      armed.ok() ? db_->Write(DurableWrite(), &batch->batch_)
                 : rocksdb::Status::IOError(std::string(armed.message()));
  TOKENBROKER_FAILPOINT("storage.after_write");
  if (status.ok()) return absl::OkStatus();
  listener_->Fail(status.ToString());
  return absl::UnavailableError(
      absl::StrCat("storage: a write failed (", status.ToString(), ")"));
}

absl::Status RocksDatabase::Writable() const {
  absl::Status failure = listener_->failure();
  if (!failure.ok()) return failure;
  struct statvfs disk;
  if (statvfs(path_.c_str(), &disk) != 0) {
    return absl::UnavailableError(
        "storage: the data directory is out of reach");
  }
  if (static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize <
      least_free_bytes_) {
    return absl::UnavailableError(absl::StrCat(
        "storage: less than ", least_free_bytes_ >> 20,
        " MiB are free (storage.rocksdb.least_free_mib): make room"));
  }
  return absl::OkStatus();
}

absl::Status RocksDatabase::Damaged(Family family,
                                    absl::string_view row) const {
  const std::string& name = Handle(family)->GetName();
  damage_->Note(name, row, "the row is not what stands there");
  return absl::DataLossError(
      absl::StrCat("storage: a row of `", name, "` is damaged"));
}

rocksdb::ColumnFamilyHandle* RocksDatabase::Handle(Family family) const {
  return families_[static_cast<size_t>(family)];
}

absl::Status RocksDatabase::CheckRead(Family family, absl::string_view row,
                                      const rocksdb::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  const std::string message = absl::StrCat("storage: ", status.ToString());
  if (!status.IsCorruption()) return absl::UnavailableError(message);
  damage_->Note(Handle(family)->GetName(), row, status.ToString());
  return absl::DataLossError(message);
}

absl::StatusOr<std::optional<std::string>> RocksDatabase::ReadBytes(
    Family family, absl::string_view row) const {
  std::string bytes;
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), Handle(family), ToSlice(row), &bytes);
  if (status.IsNotFound()) return std::optional<std::string>();
  const absl::Status error = CheckRead(family, row, status);
  if (!error.ok()) return error;
  return std::optional<std::string>(std::move(bytes));
}

}  // namespace tokenbroker
