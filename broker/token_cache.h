// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_TOKEN_CACHE_H_
#define TOKENBROKER_BROKER_TOKEN_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "broker/connection_key.h"
#include "broker/freshness.h"
#include "broker/mutex.h"
#include "broker/secret.h"

namespace tokenbroker {

// An opened access token whose row is durable.
struct AccessToken {
  Secret value;
  std::string token_type;
  TokenLife life;
  // InfiniteFuture if there is none.
  absl::Time refresh_time;
  std::vector<std::string> scopes;
  int64_t generation = 0;
};

// Opened access tokens, the most recently used ones, in memory only: what is in
// here is in use. Only what is durable may be put in. Thread-safe.
class TokenCache {
 public:
  // Says what changed since; see Insert.
  using Ticket = uint64_t;

  // Keeps at most `capacity` tokens (rounded up to a multiple of the shards).
  explicit TokenCache(size_t capacity);

  // Null if there is none.
  std::shared_ptr<const AccessToken> Find(const ConnectionKey& key);

  // Take a ticket before reading the row that is going to be inserted.
  Ticket TakeTicket(const ConnectionKey& key);

  // For who read the row. Does nothing if the key may have been erased or
  // published since the ticket was taken, or a higher generation is there: what
  // was read is stale.
  void Insert(const ConnectionKey& key, Ticket ticket,
              std::shared_ptr<const AccessToken> token);

  // For who wrote the row, once it is durable: takes the place of an older
  // token, if there is one, which keeps its rank, for being refreshed is not
  // being used. And what others read before is stale now.
  void Publish(const ConnectionKey& key,
               std::shared_ptr<const AccessToken> token);

  // Whether somebody asked for it lately. Does not count as use.
  bool Contains(const ConnectionKey& key);

  void Erase(const ConnectionKey& key);

 private:
  using Entry = std::pair<ConnectionKey, std::shared_ptr<const AccessToken>>;

  struct Shard {
    Mutex mutex;
    // The most recently used first.
    std::list<Entry> entries ABSL_GUARDED_BY(mutex);
    absl::flat_hash_map<ConnectionKey, std::list<Entry>::iterator> index
        ABSL_GUARDED_BY(mutex);
    // Erased or published.
    uint64_t changes ABSL_GUARDED_BY(mutex) = 0;
  };

  Shard& ShardOf(const ConnectionKey& key);

  static constexpr size_t kShards = 16;
  const size_t shard_capacity_;
  std::array<Shard, kShards> shards_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_TOKEN_CACHE_H_
