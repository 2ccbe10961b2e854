// SPDX-License-Identifier: Apache-2.0
//
// What the suites of the token stores' contract write, and how they look at
// what is stored.
#ifndef TOKENBROKER_TESTS_CONTRACT_STORED_RECORDS_H_
#define TOKENBROKER_TESTS_CONTRACT_STORED_RECORDS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/token_store.h"

namespace tokenbroker {

using Strings = std::vector<std::string>;

// Google's, the subject of most tests.
ConnectionKey Ann();

// Seconds after a fixed time.
absl::Time At(int seconds);

storage::v1::ConnectionRecord Record(
    const ConnectionKey& key, int64_t generation,
    std::optional<absl::Time> refresh_time = At(0));

storage::v1::AttemptRecord Refresh(const ConnectionKey& key, int64_t generation,
                                   const std::string& id = "refresh-attempt-");

// Hashes of states have 32 bytes, of any value.
std::string Hash(int number);

storage::v1::AttemptRecord Code(const ConnectionKey& key, int number);

storage::v1::AuthorizationRecord Authorization(absl::Time expire_time);

storage::v1::Sealed Answer(const std::string& text);

// Brings a connection to `generation` as the broker would.
void Connect(TokenStore& store, const ConnectionKey& key,
             int64_t generation = 1,
             std::optional<absl::Time> refresh_time = At(0));

// The subjects that are due.
Strings Due(TokenStore& store, absl::string_view provider,
            const std::optional<DueEntry>& after, absl::Time until,
            int limit = 100);

Strings AllDue(TokenStore& store, absl::string_view provider = "google");

// Open attempts by subject and ID.
std::map<std::string, storage::v1::AttemptRecord> Open(TokenStore& store);

// Everything that is in a store, for "nothing changes".
std::string Everything(TokenStore& store);

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_CONTRACT_STORED_RECORDS_H_
