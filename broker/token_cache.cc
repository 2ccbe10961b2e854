// SPDX-License-Identifier: Apache-2.0
#include "broker/token_cache.h"

#include "absl/hash/hash.h"

namespace tokenbroker {

TokenCache::TokenCache(size_t capacity)
    : shard_capacity_((capacity + kShards - 1) / kShards) {}

std::shared_ptr<const AccessToken> TokenCache::Find(const ConnectionKey& key) {
  Shard& shard = ShardOf(key);
  MutexLock lock(&shard.mutex);
  const auto found = shard.index.find(key);
  if (found == shard.index.end()) return nullptr;
  shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
  return found->second->second;
}

TokenCache::Ticket TokenCache::TakeTicket(const ConnectionKey& key) {
  Shard& shard = ShardOf(key);
  MutexLock lock(&shard.mutex);
  return shard.changes;
}

void TokenCache::Insert(const ConnectionKey& key, Ticket ticket,
                        std::shared_ptr<const AccessToken> token) {
  Shard& shard = ShardOf(key);
  MutexLock lock(&shard.mutex);
  if (shard.changes != ticket) return;
  const auto found = shard.index.find(key);
  if (found != shard.index.end()) {
    auto& cached = found->second->second;
    if (cached->generation <= token->generation) cached = std::move(token);
    return;
  }
  shard.entries.emplace_front(key, std::move(token));
  shard.index[key] = shard.entries.begin();
  if (shard.entries.size() > shard_capacity_) {
    shard.index.erase(shard.entries.back().first);
    shard.entries.pop_back();
  }
}

void TokenCache::Publish(const ConnectionKey& key,
                         std::shared_ptr<const AccessToken> token) {
  Shard& shard = ShardOf(key);
  MutexLock lock(&shard.mutex);
  ++shard.changes;
  const auto found = shard.index.find(key);
  if (found == shard.index.end()) return;
  auto& cached = found->second->second;
  if (cached->generation <= token->generation) cached = std::move(token);
}

bool TokenCache::Contains(const ConnectionKey& key) {
  Shard& shard = ShardOf(key);
  MutexLock lock(&shard.mutex);
  return shard.index.contains(key);
}

void TokenCache::Erase(const ConnectionKey& key) {
  Shard& shard = ShardOf(key);
  MutexLock lock(&shard.mutex);
  ++shard.changes;
  const auto found = shard.index.find(key);
  if (found == shard.index.end()) return;
  shard.entries.erase(found->second);
  shard.index.erase(found);
}

TokenCache::Shard& TokenCache::ShardOf(const ConnectionKey& key) {
  // Other bits than those that the map inside the shard uses.
  return shards_[(absl::HashOf(key) >> 32) % kShards];
}

}  // namespace tokenbroker
