// SPDX-License-Identifier: Apache-2.0
#include "storage/rocks_options.h"

#include <cstdarg>
#include <cstddef>
#include <memory>

#include "broker/failpoints.h"
#include "rocksdb/cache.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"
#include "rocksdb/utilities/table_properties_collectors.h"

namespace tokenbroker {
namespace {

constexpr size_t kMiB = 1 << 20;

// Families whose rows come and go: a file with many deletions in a row is
// compacted soon, or a seek would wade through them.
void CollectDeletions(rocksdb::ColumnFamilyOptions* options) {
  options->table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(
          /*sliding_window_size=*/1024, /*deletion_trigger=*/512,
          /*deletion_ratio=*/0.5));
}

// RocksDB's own logger writes into the data directory, and ends the process
// when it is asked to go on behind an error, as on a full disk. What RocksDB
// has to say of errors reaches us by status and by listener.
class NoDiary final : public rocksdb::Logger {
 public:
  NoDiary() : rocksdb::Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

}  // namespace

rocksdb::DBOptions DatabaseOptions() {
  rocksdb::DBOptions options;
  options.create_if_missing = false;
  options.create_missing_column_families = false;
  options.paranoid_checks = true;
  // The default mode silently drops acknowledged writes behind a damaged
  // record; this one forgives only a tail that was never acknowledged.
  options.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;

  options.info_log = std::make_shared<NoDiary>();

  // Bounds: memory, what a start replays, open files.
  options.db_write_buffer_size = 64 * kMiB;
  options.max_total_wal_size = 64 * kMiB;
  options.max_open_files = 512;
  options.max_manifest_file_size = 16 * kMiB;

  // Nothing in the background that nobody reads, and no reading of every file
  // at the start.
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> FamilyDescriptors() {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(64 * kMiB);
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;

  rocksdb::ColumnFamilyOptions plain;
  plain.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  plain.compression = rocksdb::kLZ4Compression;
  plain.level_compaction_dynamic_level_bytes = true;
  plain.write_buffer_size = 8 * kMiB;

  rocksdb::ColumnFamilyOptions connections = plain;
  connections.write_buffer_size = 32 * kMiB;
  rocksdb::ColumnFamilyOptions queue = plain;
  CollectDeletions(&queue);

  return {{rocksdb::kDefaultColumnFamilyName, plain},
          {"connections", connections},
          {"due", queue},
          {"attempts", queue},
          {"authorizations", queue},
          {"expiries", queue}};
}

rocksdb::WriteOptions DurableWrite() {
  rocksdb::WriteOptions options;
  options.disableWAL = TOKENBROKER_STEP_IS_OFF("storage.sync");
  options.sync = !options.disableWAL;
  return options;
}

}  // namespace tokenbroker
