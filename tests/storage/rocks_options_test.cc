// SPDX-License-Identifier: Apache-2.0
#include "storage/rocks_options.h"

#include <cstddef>
#include <set>

#include "gtest/gtest.h"
#include "rocksdb/cache.h"
#include "rocksdb/table.h"

namespace tokenbroker {
namespace {

constexpr size_t kMiB = 1 << 20;

TEST(RocksOptionsTest, MakeNothingUnasked) {
  EXPECT_FALSE(DatabaseOptions().create_if_missing);
  EXPECT_FALSE(DatabaseOptions().create_missing_column_families);
}

TEST(RocksOptionsTest, SyncEveryWrite) {
  EXPECT_TRUE(DurableWrite().sync);
  EXPECT_FALSE(DurableWrite().disableWAL);
}

TEST(RocksOptionsTest, BoundMemoryLogAndFiles) {
  const rocksdb::DBOptions options = DatabaseOptions();
  EXPECT_GT(options.db_write_buffer_size, 0u);
  EXPECT_LE(options.db_write_buffer_size, 64 * kMiB);
  // What a start replays.
  EXPECT_GT(options.max_total_wal_size, 0u);
  EXPECT_LE(options.max_total_wal_size, 64 * kMiB);
  // Below the usual limit of 1024, with room for connections.
  EXPECT_GT(options.max_open_files, 0);
  EXPECT_LE(options.max_open_files, 512);
}

TEST(RocksOptionsTest, ShareOneBoundedBlockCache) {
  const auto families = FamilyDescriptors();
  std::set<rocksdb::Cache*> caches;
  for (const auto& family : families) {
    const auto* table = family.options.table_factory
                            ->GetOptions<rocksdb::BlockBasedTableOptions>();
    ASSERT_NE(table, nullptr) << family.name;
    EXPECT_TRUE(table->cache_index_and_filter_blocks) << family.name;
    caches.insert(table->block_cache.get());
  }
  ASSERT_EQ(caches.size(), 1u);
  EXPECT_LE((*caches.begin())->GetCapacity(), 64 * kMiB);
}

TEST(RocksOptionsTest, NameOneFamilyForEachOfOurs) {
  const auto families = FamilyDescriptors();
  const auto name = [&families](Family family) {
    return families.at(static_cast<size_t>(family)).name;
  };
  EXPECT_EQ(families.size(), 6u);
  EXPECT_EQ(name(Family::kDefault), "default");
  EXPECT_EQ(name(Family::kConnections), "connections");
  EXPECT_EQ(name(Family::kDue), "due");
  EXPECT_EQ(name(Family::kAttempts), "attempts");
  EXPECT_EQ(name(Family::kAuthorizations), "authorizations");
  EXPECT_EQ(name(Family::kExpiries), "expiries");
}

}  // namespace
}  // namespace tokenbroker
