// SPDX-License-Identifier: Apache-2.0
//
// A hand in a store's files, to damage them as no broker would.
#ifndef TOKENBROKER_TESTS_STORAGE_RAW_DATABASE_H_
#define TOKENBROKER_TESTS_STORAGE_RAW_DATABASE_H_

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rocksdb/db.h"
#include "storage/rocks_options.h"

namespace tokenbroker {

// A broker's database, opened without asking whether it is one.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path) {
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(
        DatabaseOptions(), path, FamilyDescriptors(), &families_, &db);
    EXPECT_TRUE(status.ok()) << status.ToString();
    db_.reset(db);
  }
  ~RawDatabase() {
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      EXPECT_TRUE(db_->DestroyColumnFamilyHandle(family).ok());
    }
    EXPECT_TRUE(db_->Close().ok());
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  std::string Get(Family family, const std::string& row) {
    std::string value;
    EXPECT_TRUE(db_->Get({}, Handle(family), row, &value).ok());
    return value;
  }
  void Put(Family family, const std::string& row, const std::string& value,
           bool sync = true) {
    rocksdb::WriteOptions options = DurableWrite();
    options.sync = sync;
    EXPECT_TRUE(db_->Put(options, Handle(family), row, value).ok());
  }
  void Delete(Family family, const std::string& row) {
    EXPECT_TRUE(db_->Delete(DurableWrite(), Handle(family), row).ok());
  }
  // Moves everything out of the log into files of its own.
  void Flush() { EXPECT_TRUE(db_->Flush({}, families_).ok()); }

 private:
  rocksdb::ColumnFamilyHandle* Handle(Family family) {
    return families_.at(static_cast<size_t>(family));
  }

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_STORAGE_RAW_DATABASE_H_
