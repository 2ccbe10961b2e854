// SPDX-License-Identifier: Apache-2.0
#include "providers/url.h"

#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

TEST(UrlTest, TakesHttpsUrls) {
  for (const char* url :
       {"https://as.test", "https://as.test/", "https://as.test:8443/token",
        "https://as.test?tenant=1", "https://as.test/a/b?c=d&e=%20",
        "https://[2001:db8::1]:443/token", "https://as.test/a@b"}) {
    EXPECT_TRUE(IsEndpointUrl(url, false)) << url;
    EXPECT_TRUE(IsEndpointUrl(url, true)) << url;
  }
}

TEST(UrlTest, TakesHttpOnlyWhereItIsAllowed) {
  EXPECT_FALSE(IsEndpointUrl("http://127.0.0.1:80/token", false));
  EXPECT_TRUE(IsEndpointUrl("http://127.0.0.1:80/token", true));
}

TEST(UrlTest, RefusesWhatReadersReadDifferently) {
  for (const char* url : {"",
                          "https://",
                          "https:///token",
                          "https://?a=b",
                          "https://:443/token",
                          "https:/as.test",
                          "as.test/token",
                          "//as.test/token",
                          "ftp://as.test/token",
                          "file:///etc/passwd",
                          "javascript:alert(1)",
                          " https://as.test",
                          "https://user@as.test/",
                          "https://user:password@as.test/",
                          "https://good.test@evil.test",
                          "https://good.test\\@evil.test/",
                          "https://as.test\\token",
                          "https://as.test/#fragment",
                          "https://as.test/to ken",
                          "https://as.test/\ttoken",
                          "https://as.test/\ntoken",
                          "https://as.test/\x7f",
                          "https://\u00e4s.test/"}) {
    EXPECT_FALSE(IsEndpointUrl(url, true)) << url;
  }
}

}  // namespace
}  // namespace tokenbroker
