// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_ACCESS_POLICY_H_
#define TOKENBROKER_BROKER_ACCESS_POLICY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tokenbroker/config/v1/config.pb.h"

namespace tokenbroker {

// Who may do what: nothing but what a rule allows. Immutable, hence
// thread-safe.
class AccessPolicy {
 public:
  explicit AccessPolicy(const config::v1::Config& config);

  // OK or CALLER_NOT_ALLOWED, the same whether or not `provider` exists.
  absl::Status Check(absl::string_view caller, absl::string_view provider,
                     config::v1::Permission permission) const;

  // OK or CALLER_NOT_ALLOWED: whether the caller has the permission on any
  // provider at all.
  absl::Status CheckAny(absl::string_view caller,
                        config::v1::Permission permission) const;

  // The configured providers on which the caller has the permission, in the
  // order of names. PERMISSION_UNSPECIFIED: any permission.
  std::vector<std::string> ProvidersFor(
      absl::string_view caller, config::v1::Permission permission) const;

 private:
  // A bit for each permission.
  using Permissions = uint32_t;
  struct Grants {
    absl::flat_hash_map<std::string, Permissions> by_provider;
    // By a rule for `*`.
    Permissions everywhere = 0;
  };

  Permissions Of(absl::string_view caller, absl::string_view provider) const;

  std::vector<std::string> configured_;
  absl::flat_hash_map<std::string, Grants> by_caller_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_ACCESS_POLICY_H_
