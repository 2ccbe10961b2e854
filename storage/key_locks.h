// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_STORAGE_KEY_LOCKS_H_
#define TOKENBROKER_STORAGE_KEY_LOCKS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "broker/mutex.h"

namespace tokenbroker {

// Lets one thread at a time read, decide and write under a key. Threads with
// different keys never wait for each other, so their writes share a sync to
// disk. Thread-safe; holds memory for the keys in use only.
class KeyLocks {
 public:
  // Waits until nobody has any of `keys`, then has them all: no order of
  // locking, no deadlock. A thread must not lock again while it holds keys.
  void Lock(const std::vector<std::string>& keys) ABSL_LOCKS_EXCLUDED(mutex_);
  void Unlock(const std::vector<std::string>& keys) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  bool AnyHeld(const std::vector<std::string>& keys) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar released_;
  absl::flat_hash_set<std::string> held_ ABSL_GUARDED_BY(mutex_);
};

// Holds keys for a scope.
class KeysLock {
 public:
  KeysLock(KeyLocks* locks, std::vector<std::string> keys);
  ~KeysLock();
  KeysLock(const KeysLock&) = delete;
  KeysLock& operator=(const KeysLock&) = delete;

 private:
  KeyLocks* const locks_;
  const std::vector<std::string> keys_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_KEY_LOCKS_H_
