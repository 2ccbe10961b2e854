// SPDX-License-Identifier: Apache-2.0
#include "storage/key_locks.h"

#include <utility>

namespace tokenbroker {

void KeyLocks::Lock(const std::vector<std::string>& keys) {
  const MutexLock lock(&mutex_);
  while (AnyHeld(keys)) released_.Wait(&mutex_);
  held_.insert(keys.begin(), keys.end());
}

void KeyLocks::Unlock(const std::vector<std::string>& keys) {
  const MutexLock lock(&mutex_);
  for (const std::string& key : keys) held_.erase(key);
  released_.SignalAll();
}

bool KeyLocks::AnyHeld(const std::vector<std::string>& keys) const {
  for (const std::string& key : keys) {
    if (held_.contains(key)) return true;
  }
  return false;
}

KeysLock::KeysLock(KeyLocks* locks, std::vector<std::string> keys)
    : locks_(locks), keys_(std::move(keys)) {
  locks_->Lock(keys_);
}

KeysLock::~KeysLock() { locks_->Unlock(keys_); }

}  // namespace tokenbroker
