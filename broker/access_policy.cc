// SPDX-License-Identifier: Apache-2.0
#include "broker/access_policy.h"

#include <algorithm>

#include "absl/strings/strip.h"
#include "broker/errors.h"

namespace tokenbroker {
namespace {

using config::v1::Permission;

uint32_t Bit(Permission permission) {
  return permission == config::v1::PERMISSION_UNSPECIFIED
             ? ~uint32_t{0}
             : uint32_t{1} << permission;
}

absl::Status Denied(Permission permission, absl::string_view provider) {
  return CallerNotAllowedError(
      absl::StripPrefix(config::v1::Permission_Name(permission), "PERMISSION_"),
      provider);
}

}  // namespace

AccessPolicy::AccessPolicy(const config::v1::Config& config) {
  for (const auto& provider : config.providers()) {
    configured_.push_back(provider.name());
  }
  std::sort(configured_.begin(), configured_.end());
  for (const config::v1::AccessRule& rule : config.access()) {
    Permissions permissions = 0;
    for (const int permission : rule.permissions()) {
      // Where it is asked for, UNSPECIFIED is any permission; here it is none.
      if (permission == config::v1::PERMISSION_UNSPECIFIED) continue;
      permissions |= Bit(static_cast<Permission>(permission));
    }
    for (const std::string& caller : rule.callers()) {
      Grants& grants = by_caller_[caller];
      for (const std::string& provider : rule.providers()) {
        if (provider == "*") {
          grants.everywhere |= permissions;
        } else {
          grants.by_provider[provider] |= permissions;
        }
      }
    }
  }
}

absl::Status AccessPolicy::Check(absl::string_view caller,
                                 absl::string_view provider,
                                 Permission permission) const {
  if ((Of(caller, provider) & Bit(permission)) != 0) return absl::OkStatus();
  return Denied(permission, provider);
}

absl::Status AccessPolicy::CheckAny(absl::string_view caller,
                                    Permission permission) const {
  const auto grants = by_caller_.find(caller);
  if (grants != by_caller_.end()) {
    if ((grants->second.everywhere & Bit(permission)) != 0) {
      return absl::OkStatus();
    }
    for (const auto& [provider, permissions] : grants->second.by_provider) {
      if ((permissions & Bit(permission)) != 0) return absl::OkStatus();
    }
  }
  return Denied(permission, "");
}

std::vector<std::string> AccessPolicy::ProvidersFor(
    absl::string_view caller, Permission permission) const {
  std::vector<std::string> providers;
  for (const std::string& provider : configured_) {
    if ((Of(caller, provider) & Bit(permission)) != 0) {
      providers.push_back(provider);
    }
  }
  return providers;
}

AccessPolicy::Permissions AccessPolicy::Of(absl::string_view caller,
                                           absl::string_view provider) const {
  const auto grants = by_caller_.find(caller);
  if (grants == by_caller_.end()) return 0;
  const auto named = grants->second.by_provider.find(provider);
  return grants->second.everywhere |
         (named == grants->second.by_provider.end() ? 0 : named->second);
}

}  // namespace tokenbroker
