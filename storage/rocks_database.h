// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_STORAGE_ROCKS_DATABASE_H_
#define TOKENBROKER_STORAGE_ROCKS_DATABASE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"
#include "storage/damage_report.h"
#include "storage/data_directory.h"
#include "storage/rocks_listener.h"
#include "storage/rocks_options.h"

namespace tokenbroker {

// RocksDB in our words: families, rows, messages, Status. Thread-safe.
//
// kDataLoss, what was asked for is damaged; kUnavailable, RocksDB cannot read
// or write now. No message names a row; the damage report does.
class RocksDatabase {
 public:
  // Writes that happen together or not at all.
  class Batch {
   public:
    explicit Batch(const RocksDatabase& database) : database_(database) {}
    void Put(Family family, absl::string_view row, absl::string_view value);
    void Delete(Family family, absl::string_view row);

   private:
    friend class RocksDatabase;
    const RocksDatabase& database_;
    rocksdb::WriteBatch batch_;
  };

  struct Entry {
    std::string row;
    std::string value;
  };

  // Opens the database at `path`, or with kToBeMade goes on with making it.
  // `least_free_bytes` is Writable's watermark. Errors as
  // RocksTokenStore::Open.
  static absl::StatusOr<std::unique_ptr<RocksDatabase>> Open(
      const std::string& path, DirectoryState state, uint64_t least_free_bytes);
  ~RocksDatabase();
  RocksDatabase(const RocksDatabase&) = delete;
  RocksDatabase& operator=(const RocksDatabase&) = delete;

  // The message under `row`; absent if there is none.
  template <typename Message>
  absl::StatusOr<std::optional<Message>> Read(Family family,
                                              absl::string_view row) const;

  // At most `limit` entries from row `first` on and before `end` (empty: to the
  // last), in order. Costs as much as it returns. Blocks of a file that cannot
  // be read are noted and stepped over (and what is between two such); to find
  // what is behind, all up to `end` is read.
  absl::StatusOr<std::vector<Entry>> Scan(Family family,
                                          const std::string& first,
                                          const std::string& end,
                                          int limit) const;

  // On disk when it returns. Once it fails, RocksDB refuses all others.
  absl::Status Write(Batch* batch);

  // As TokenStore::Writable.
  absl::Status Writable() const;

  // Notes a row that is not as it must be: kDataLoss.
  absl::Status Damaged(Family family, absl::string_view row) const;

  // As TokenStore::TakeDamage.
  std::vector<Damage> TakeDamage() { return damage_->Take(); }

 private:
  RocksDatabase(std::string path, uint64_t least_free_bytes);

  rocksdb::ColumnFamilyHandle* Handle(Family family) const;
  // Whether `status` is OK; notes damage.
  absl::Status CheckRead(Family family, absl::string_view row,
                         const rocksdb::Status& status) const;
  absl::StatusOr<std::optional<std::string>> ReadBytes(
      Family family, absl::string_view row) const;

  const std::string path_;
  const uint64_t least_free_bytes_;
  const std::unique_ptr<DamageReport> damage_ =
      std::make_unique<DamageReport>();
  const std::shared_ptr<RocksListener> listener_ =
      std::make_shared<RocksListener>(*damage_);
  // Set by Open, for good.
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

template <typename Message>
absl::StatusOr<std::optional<Message>> RocksDatabase::Read(
    Family family, absl::string_view row) const {
  const absl::StatusOr<std::optional<std::string>> bytes =
      ReadBytes(family, row);
  if (!bytes.ok()) return bytes.status();
  if (!bytes->has_value()) return std::optional<Message>();
  std::optional<Message> message(std::in_place);
  if (!message->ParseFromString(**bytes)) return Damaged(family, row);
  return message;
}

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_ROCKS_DATABASE_H_
