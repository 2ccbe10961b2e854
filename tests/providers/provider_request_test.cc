// SPDX-License-Identifier: Apache-2.0
#include "providers/provider_request.h"

#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

TEST(ProviderRequestTest, TrustsTheSystemAndNoLoopbackUnlessToldOtherwise) {
  const HttpRequest request = RequestTo({}, "https://as.test/token?tenant=a");
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.url, "https://as.test/token?tenant=a");
  EXPECT_EQ(request.timeout, absl::Seconds(15));
  EXPECT_FALSE(request.allow_loopback);
  EXPECT_EQ(request.ca_file, "");
  ASSERT_EQ(request.headers.size(), 1u);
  EXPECT_EQ(request.headers[0].first, "Accept");
  EXPECT_EQ(request.headers[0].second.Reveal(), "application/json");
}

TEST(ProviderRequestTest, TakesWhatTheSettingsSay) {
  config::v1::Provider settings;
  settings.mutable_request_timeout()->set_seconds(3);
  settings.set_allow_loopback(true);
  settings.set_ca_file("/etc/token-broker/corp-ca.pem");
  const HttpRequest request = RequestTo(settings, "https://as.test/token");
  EXPECT_EQ(request.timeout, absl::Seconds(3));
  EXPECT_TRUE(request.allow_loopback);
  EXPECT_EQ(request.ca_file, "/etc/token-broker/corp-ca.pem");
}

}  // namespace
}  // namespace tokenbroker
