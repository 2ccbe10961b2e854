// SPDX-License-Identifier: Apache-2.0
//
// How RocksDB is set up: durable, bounded, and with which column families.
#ifndef TOKENBROKER_STORAGE_ROCKS_OPTIONS_H_
#define TOKENBROKER_STORAGE_ROCKS_OPTIONS_H_

#include <vector>

#include "rocksdb/db.h"
#include "rocksdb/options.h"

namespace tokenbroker {

// In the order of FamilyDescriptors(). rows.h spells their rows.
enum class Family {
  kDefault,         // the store's identity
  kConnections,     // ConnectionRecord
  kDue,             // no value
  kAttempts,        // AttemptRecord
  kAuthorizations,  // AuthorizationRecord
  kExpiries,        // no value
};

// Opens what is there and makes nothing; who makes a store says so.
rocksdb::DBOptions DatabaseOptions();

// All share one block cache.
std::vector<rocksdb::ColumnFamilyDescriptor> FamilyDescriptors();

// Every write is on disk before it returns.
rocksdb::WriteOptions DurableWrite();

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_ROCKS_OPTIONS_H_
