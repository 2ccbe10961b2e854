// SPDX-License-Identifier: Apache-2.0
#include "providers/callback_signature.h"

#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

using Params = std::map<std::string, std::string>;

// The example that Shopify published for years, with its secret `hush`.
Params Published() {
  return {{"code", "0907a61c0c8d55e99db179b68161bc00"},
          {"shop", "some-shop.myshopify.com"},
          {"state", "0.6784241404160823"},
          {"timestamp", "1337178173"},
          {"hmac",
           "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"}};
}

TEST(CallbackSignatureTest, AgreesWithThePublishedExample) {
  EXPECT_TRUE(IsCallbackSigned(Published(), Secret("hush")));
}

TEST(CallbackSignatureTest, RefusesWhateverWasChanged) {
  EXPECT_FALSE(IsCallbackSigned(Published(), Secret("Hush")));
  EXPECT_FALSE(IsCallbackSigned(Published(), Secret()));
  for (const auto& [name, value] : Published()) {
    Params changed = Published();
    changed[name] += "0";
    EXPECT_FALSE(IsCallbackSigned(changed, Secret("hush"))) << name;
    changed = Published();
    changed.erase(name);
    EXPECT_FALSE(IsCallbackSigned(changed, Secret("hush"))) << name;
  }
  Params more = Published();
  more["host"] = "x";
  EXPECT_FALSE(IsCallbackSigned(more, Secret("hush")));
}

// printf 'a=1%%26b=2' | openssl dgst -sha256 -hmac hush
TEST(CallbackSignatureTest, LetsNoValuePassForAnotherParameter) {
  // The signed text of {a: "1&b=2"} is `a=1%26b=2`, not that of {a: 1, b: 2}.
  const char* mac =
      "615a83f7bb3c63cd29a9d7ffa532cacfdabe4b82e113088a91168033f86f35f3";
  EXPECT_TRUE(
      IsCallbackSigned({{"a", "1&b=2"}, {"hmac", mac}}, Secret("hush")));
  EXPECT_FALSE(IsCallbackSigned({{"a", "1"}, {"b", "2"}, {"hmac", mac}},
                                Secret("hush")));
}

}  // namespace
}  // namespace tokenbroker
