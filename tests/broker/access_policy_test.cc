// SPDX-License-Identifier: Apache-2.0
#include "broker/access_policy.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tokenbroker {
namespace {

using absl_testing::IsOk;
using config::v1::Config;
using config::v1::Permission;
using config::v1::PERMISSION_AUTHORIZE;
using config::v1::PERMISSION_DELETE;
using config::v1::PERMISSION_GET_TOKEN;
using config::v1::PERMISSION_READ;
using config::v1::PERMISSION_UNSPECIFIED;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Permission kEveryPermission[] = {PERMISSION_AUTHORIZE,
                                           PERMISSION_GET_TOKEN,
                                           PERMISSION_READ, PERMISSION_DELETE};
constexpr absl::string_view kShop = "spiffe://example.com/shop";

// Providers kakao, google and github, in this order.
Config Providers() {
  Config config;
  for (const char* name : {"kakao", "google", "github"}) {
    config.add_providers()->set_name(name);
  }
  return config;
}

void AddRule(Config& config, const std::vector<std::string>& callers,
             const std::vector<std::string>& providers,
             const std::vector<Permission>& permissions) {
  config::v1::AccessRule& rule = *config.add_access();
  for (const std::string& caller : callers) rule.add_callers(caller);
  for (const std::string& provider : providers) rule.add_providers(provider);
  for (const Permission permission : permissions) {
    rule.add_permissions(permission);
  }
}

// One rule: the shop gets tokens of google.
AccessPolicy ShopMayGetGoogle() {
  Config config = Providers();
  AddRule(config, {std::string(kShop)}, {"google"}, {PERMISSION_GET_TOKEN});
  return AccessPolicy(config);
}

bool Allows(const AccessPolicy& policy, absl::string_view caller,
            absl::string_view provider, Permission permission) {
  return policy.Check(caller, provider, permission).ok();
}

TEST(AccessPolicyTest, AllowsNothingWithoutARule) {
  const AccessPolicy policy{Providers()};
  for (const Permission permission : kEveryPermission) {
    EXPECT_FALSE(Allows(policy, kShop, "google", permission));
    EXPECT_FALSE(Allows(policy, "anonymous", "google", permission));
    EXPECT_FALSE(policy.CheckAny(kShop, permission).ok());
  }
  EXPECT_THAT(policy.ProvidersFor(kShop, PERMISSION_UNSPECIFIED), IsEmpty());
}

TEST(AccessPolicyTest, AllowsWhatARuleAllowsAndNothingElse) {
  const AccessPolicy policy = ShopMayGetGoogle();
  for (const absl::string_view caller :
       {kShop, absl::string_view("anonymous"), absl::string_view("")}) {
    for (const absl::string_view provider : {"google", "kakao", "none", ""}) {
      for (const Permission permission : kEveryPermission) {
        EXPECT_EQ(Allows(policy, caller, provider, permission),
                  caller == kShop && provider == "google" &&
                      permission == PERMISSION_GET_TOKEN)
            << caller << " " << provider << " " << permission;
      }
    }
  }
}

TEST(AccessPolicyTest, ComparesCallersExactly) {
  const AccessPolicy policy = ShopMayGetGoogle();
  for (const char* caller :
       {"spiffe://example.com/Shop", "SPIFFE://example.com/shop",
        "spiffe://example.com/shop/", "spiffe://example.com/sho",
        "spiffe://example.com/shop2", "spiffe://example.com/", "*"}) {
    EXPECT_FALSE(Allows(policy, caller, "google", PERMISSION_GET_TOKEN))
        << caller;
  }
}

TEST(AccessPolicyTest, ComparesProvidersExactly) {
  const AccessPolicy policy = ShopMayGetGoogle();
  for (const char* provider : {"Google", "googl", "google2", "*", "google "}) {
    EXPECT_FALSE(Allows(policy, kShop, provider, PERMISSION_GET_TOKEN))
        << provider;
  }
}

TEST(AccessPolicyTest, GivesEachCallerOfARuleEachPermissionOnEachProvider) {
  Config config = Providers();
  AddRule(config, {"a", "b"}, {"google", "kakao"},
          {PERMISSION_READ, PERMISSION_DELETE});
  const AccessPolicy policy(config);
  for (const char* caller : {"a", "b"}) {
    for (const char* provider : {"google", "kakao"}) {
      EXPECT_TRUE(Allows(policy, caller, provider, PERMISSION_READ));
      EXPECT_TRUE(Allows(policy, caller, provider, PERMISSION_DELETE));
      EXPECT_FALSE(Allows(policy, caller, provider, PERMISSION_GET_TOKEN));
    }
    EXPECT_FALSE(Allows(policy, caller, "github", PERMISSION_READ));
  }
}

TEST(AccessPolicyTest, AddsUpTheRulesForACaller) {
  Config config = Providers();
  AddRule(config, {"a"}, {"google"}, {PERMISSION_READ});
  AddRule(config, {"a"}, {"google"}, {PERMISSION_DELETE});
  AddRule(config, {"a"}, {"*"}, {PERMISSION_GET_TOKEN});
  const AccessPolicy policy(config);
  EXPECT_TRUE(Allows(policy, "a", "google", PERMISSION_READ));
  EXPECT_TRUE(Allows(policy, "a", "google", PERMISSION_DELETE));
  EXPECT_TRUE(Allows(policy, "a", "google", PERMISSION_GET_TOKEN));
  EXPECT_TRUE(Allows(policy, "a", "kakao", PERMISSION_GET_TOKEN));
  EXPECT_FALSE(Allows(policy, "a", "kakao", PERMISSION_READ));
  EXPECT_FALSE(Allows(policy, "a", "google", PERMISSION_AUTHORIZE));
}

TEST(AccessPolicyTest, TakesAStarForEveryProvider) {
  Config config = Providers();
  AddRule(config, {"a"}, {"*"}, {PERMISSION_READ});
  const AccessPolicy policy(config);
  for (const char* provider : {"google", "kakao", "github", "none"}) {
    EXPECT_TRUE(Allows(policy, "a", provider, PERMISSION_READ)) << provider;
    EXPECT_FALSE(Allows(policy, "a", provider, PERMISSION_DELETE)) << provider;
  }
}

TEST(AccessPolicyTest, GivesNothingForAPermissionThatIsNone) {
  Config config = Providers();
  AddRule(config, {"a"}, {"*"}, {PERMISSION_UNSPECIFIED});
  const AccessPolicy policy(config);
  for (const Permission permission : kEveryPermission) {
    EXPECT_FALSE(Allows(policy, "a", "google", permission)) << permission;
  }
  EXPECT_THAT(policy.ProvidersFor("a", PERMISSION_UNSPECIFIED), IsEmpty());
}

TEST(AccessPolicyTest, DeniesTheSameWhetherOrNotTheProviderExists) {
  const AccessPolicy policy = ShopMayGetGoogle();
  const absl::Status existing =
      policy.Check("stranger", "google", PERMISSION_READ);
  const absl::Status missing =
      policy.Check("stranger", "no-such", PERMISSION_READ);
  EXPECT_EQ(ReasonOf(existing), v1::ERROR_REASON_CALLER_NOT_ALLOWED);
  EXPECT_EQ(ReasonOf(missing), v1::ERROR_REASON_CALLER_NOT_ALLOWED);
  EXPECT_EQ(existing.code(), missing.code());
  EXPECT_EQ(existing.message(), missing.message());
}

TEST(AccessPolicyTest, ChecksAPermissionOnAnyProvider) {
  Config config = Providers();
  AddRule(config, {"some"}, {"google"}, {PERMISSION_READ});
  AddRule(config, {"all"}, {"*"}, {PERMISSION_READ});
  const AccessPolicy policy(config);
  EXPECT_THAT(policy.CheckAny("some", PERMISSION_READ), IsOk());
  EXPECT_THAT(policy.CheckAny("all", PERMISSION_READ), IsOk());
  for (const char* caller : {"some", "all", "stranger"}) {
    EXPECT_EQ(ReasonOf(policy.CheckAny(caller, PERMISSION_DELETE)),
              v1::ERROR_REASON_CALLER_NOT_ALLOWED);
  }
}

TEST(AccessPolicyTest, ListsConfiguredProvidersInTheOrderOfNames) {
  Config config = Providers();
  AddRule(config, {"all"}, {"*"}, {PERMISSION_READ});
  AddRule(config, {"two"}, {"kakao", "github", "gone"}, {PERMISSION_READ});
  AddRule(config, {"two"}, {"google"}, {PERMISSION_DELETE});
  const AccessPolicy policy(config);
  EXPECT_THAT(policy.ProvidersFor("all", PERMISSION_READ),
              ElementsAre("github", "google", "kakao"));
  EXPECT_THAT(policy.ProvidersFor("two", PERMISSION_READ),
              ElementsAre("github", "kakao"));
  EXPECT_THAT(policy.ProvidersFor("two", PERMISSION_DELETE),
              ElementsAre("google"));
  EXPECT_THAT(policy.ProvidersFor("two", PERMISSION_UNSPECIFIED),
              ElementsAre("github", "google", "kakao"));
  EXPECT_THAT(policy.ProvidersFor("two", PERMISSION_AUTHORIZE), IsEmpty());
  EXPECT_THAT(policy.ProvidersFor("stranger", PERMISSION_READ), IsEmpty());
}

}  // namespace
}  // namespace tokenbroker
