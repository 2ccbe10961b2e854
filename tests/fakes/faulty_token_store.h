// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_FAKES_FAULTY_TOKEN_STORE_H_
#define TOKENBROKER_TESTS_FAKES_FAULTY_TOKEN_STORE_H_

#include <atomic>
#include <string>
#include <vector>

#include "broker/token_store.h"

namespace tokenbroker {

// Any store, whose n-th write from now fails, and all writes after it: as if
// the process had died there. Thread-safe.
class FaultyTokenStore final : public TokenStore {
 public:
  explicit FaultyTokenStore(TokenStore& store) : store_(store) {}

  // 0: the next write fails. Negative: none does.
  void FailWritesFrom(int n) { writes_left_ = n; }

  // What Writable says from now on; writes are not concerned.
  void SetWritable(bool writable) { writable_ = writable; }

  // As if a write had failed for good.
  void FailForGood() { failed_ = true; }

  absl::Status Writable() override {
    if (failed_) return absl::InternalError("planted fault");
    return writable_ ? store_.Writable() : Failed();
  }
  absl::StatusOr<storage::v1::ConnectionRecord> Get(
      const ConnectionKey& key) override {
    return store_.Get(key);
  }
  absl::StatusOr<std::vector<storage::v1::ConnectionRecord>> List(
      const ListRequest& request) override {
    return store_.List(request);
  }
  absl::Status Remove(const ConnectionKey& key) override {
    return Write() ? store_.Remove(key) : Failed();
  }
  absl::Status Begin(const storage::v1::AttemptRecord& attempt) override {
    return Write() ? store_.Begin(attempt) : Failed();
  }
  absl::Status KeepResponse(const storage::v1::AttemptRecord& attempt,
                            const storage::v1::Sealed& response) override {
    return Write() ? store_.KeepResponse(attempt, response) : Failed();
  }
  absl::Status Commit(const storage::v1::AttemptRecord& attempt,
                      const storage::v1::ConnectionRecord& next) override {
    return Write() ? store_.Commit(attempt, next) : Failed();
  }
  absl::Status Abandon(const storage::v1::AttemptRecord& attempt) override {
    return Write() ? store_.Abandon(attempt) : Failed();
  }
  absl::StatusOr<std::vector<storage::v1::AttemptRecord>> OpenAttempts()
      override {
    return store_.OpenAttempts();
  }
  absl::StatusOr<std::vector<DueEntry>> Due(
      absl::string_view provider, const std::optional<DueEntry>& after,
      absl::Time until, int limit) override {
    return store_.Due(provider, after, until, limit);
  }
  absl::Status Remember(
      absl::string_view state_hash,
      const storage::v1::AuthorizationRecord& authorization) override {
    return Write() ? store_.Remember(state_hash, authorization) : Failed();
  }
  absl::StatusOr<storage::v1::AuthorizationRecord> Take(
      absl::string_view state_hash) override {
    if (!Write()) return Failed();
    return store_.Take(state_hash);
  }
  absl::StatusOr<int> ForgetExpired(absl::Time time, int limit) override {
    if (!Write()) return Failed();
    return store_.ForgetExpired(time, limit);
  }
  std::vector<Damage> TakeDamage() override { return store_.TakeDamage(); }

 private:
  bool Write() {
    int left = writes_left_;
    while (left > 0 && !writes_left_.compare_exchange_weak(left, left - 1)) {
    }
    return left != 0;
  }
  static absl::Status Failed() {
    return absl::UnavailableError("planted fault");
  }

  TokenStore& store_;
  std::atomic<int> writes_left_ = -1;
  std::atomic<bool> writable_ = true;
  std::atomic<bool> failed_ = false;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_FAKES_FAULTY_TOKEN_STORE_H_
