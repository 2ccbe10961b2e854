// SPDX-License-Identifier: Apache-2.0
#include "broker/config.h"

#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/storage/temp_dir.h"
#include "tokenbroker/config/v1/config.pb.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using config::v1::AccessRule;
using config::v1::Config;
using config::v1::Provider;
using testing::HasSubstr;
using testing::Not;

constexpr absl::string_view kGood = R"(grpc:
  address: "127.0.0.1:7443"
http:
  address: "127.0.0.1:7480"
storage:
  rocksdb:
    path: /var/lib/token-broker
encryption:
  keyring_file: /etc/token-broker/keyring
providers:
- name: google
  client_id: 1234.apps.googleusercontent.com
  redirect_uris:
  - https://app.example.com/callback
  scopes: [openid]
access:
- callers: [anonymous]
  providers: [google]
  permissions: [GET_TOKEN]
)";

Config Good() {
  Config config;
  EXPECT_THAT(YamlToProto(kGood, "good.yaml", &config), IsOk());
  return config;
}

absl::Status Check(const Config& config) {
  return CheckConfig(config, "config.yaml");
}

// Refused with exactly `what`. Without lines all stands in the first.
auto Refused(absl::string_view what) {
  return StatusIs(absl::StatusCode::kInvalidArgument,
                  absl::StrCat("config.yaml:1: ", what));
}

TEST(ConfigTest, ReadsAGoodFile) {
  TempDir dir;
  WriteBytes(dir / "config.yaml", std::string(kGood));
  const absl::StatusOr<Config> config = ReadConfig(dir / "config.yaml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->grpc().address(), "127.0.0.1:7443");
  EXPECT_EQ(config->providers(0).name(), "google");
  EXPECT_EQ(config->access(0).permissions(0), config::v1::PERMISSION_GET_TOKEN);
}

TEST(ConfigTest, NamesAFileThatCannotBeRead) {
  TempDir dir;
  EXPECT_THAT(
      ReadConfig(dir / "none.yaml"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr(dir / "none.yaml")));
  EXPECT_THAT(
      ReadConfig(dir.path()),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(dir.path())));
}

// Of the schema and of this file alike.
TEST(ConfigTest, RefusesABadFileWithItsNameAndLine) {
  struct Case {
    std::string good;
    std::string bad;
    std::string refusal;  // after the file's name
  };
  const Case cases[] = {
      {"grpc:\n  address", "grpc:\n  adress",
       ":2: grpc has no key \"adress\"; known keys: address, tls, reflection"},
      {"127.0.0.1:7443", "0.0.0.0:7443",
       ":2: grpc.address may only be a loopback address or a unix socket "
       "without grpc.tls"},
      {"\"127.0.0.1:7480\"", "7480",
       ":4: http.address must be host:port or [v6]:port"},
      {"    path: /var", "    path: ''\n#",
       ":7: storage.rocksdb.path is missing; write a directory for the data"},
      {"rocksdb:\n    path: /var/lib/token-broker", "rocksdb: {}",
       ":6: storage.rocksdb.path is missing; write a directory for the data"},
      {"name: google", "name: Google",
       ":11: providers[0].name must be 1 to 63 bytes out of a-z, 0-9 and -"},
      {"  - https://app", "  - http://app",
       ":14: providers[0].redirect_uris[0] must be an https URI (http for "
       "loopback hosts only) without fragment, user or spaces"},
      {"  scopes: [openid]", "  request_timeout: 61s",
       ":15: providers[0].request_timeout must be between 100ms and 1m"},
      {"  providers: [google]", "  providers: [gogle]",
       ":18: access[0].providers[0] must name a configured provider, or be "
       "\"*\""},
      // What is not there is at the nearest thing around.
      {"  client_id: 1234.apps.googleusercontent.com\n", "",
       ":11: providers[0].client_id is missing or holds control characters"},
      {"encryption:\n  keyring_file: /etc/token-broker/keyring\n", "",
       ":1: encryption.keyring_file is missing; make one with: token-broker "
       "keygen --out FILE"},
  };
  TempDir dir;
  const std::string path = dir / "config.yaml";
  for (const Case& c : cases) {
    const std::string yaml = absl::StrReplaceAll(kGood, {{c.good, c.bad}});
    ASSERT_NE(yaml, kGood) << c.good;
    WriteBytes(path, yaml);
    EXPECT_THAT(ReadConfig(path), StatusIs(absl::StatusCode::kInvalidArgument,
                                           absl::StrCat(path, c.refusal)));
  }
}

TEST(ConfigTest, NeedsOnlyListenersStorageAndAKeyring) {
  Config config = Good();
  config.clear_providers();
  config.clear_access();
  EXPECT_THAT(Check(config), IsOk());

  Config none = config;
  none.clear_grpc();
  EXPECT_THAT(Check(none),
              Refused("grpc.address is missing; write 127.0.0.1:7443"));
  none = config;
  none.clear_http();
  EXPECT_THAT(Check(none),
              Refused("http.address is missing; write 127.0.0.1:7480"));
  none = config;
  none.clear_storage();
  EXPECT_THAT(
      Check(none),
      Refused("storage.rocksdb.path is missing; write a directory for the "
              "data"));
  none = config;
  none.clear_encryption();
  EXPECT_THAT(Check(none),
              Refused("encryption.keyring_file is missing; make one with: "
                      "token-broker keygen --out FILE"));
}

// What an address is good for.
enum class Address {
  kRefused,
  kWithTls,   // not loopback
  kLoopback,  // with and without TLS
  kUnix,      // the same, but not for HTTP
};

TEST(ConfigTest, TakesOnlyLoopbackAndUnixSocketsWithoutTls) {
  const std::map<std::string, Address> cases = {
      {"127.0.0.1:7443", Address::kLoopback},
      {"127.0.0.1:0", Address::kLoopback},
      {"127.0.0.1:65535", Address::kLoopback},
      {"127.255.255.254:1", Address::kLoopback},
      {"localhost:7443", Address::kLoopback},
      {"[::1]:7443", Address::kLoopback},
      {"unix:/run/token-broker/socket", Address::kUnix},
      {"0.0.0.0:7443", Address::kWithTls},
      {"[::]:7443", Address::kWithTls},
      {"10.0.0.1:7443", Address::kWithTls},
      {"128.0.0.1:7443", Address::kWithTls},
      {"[2001:db8::1]:7443", Address::kWithTls},
      {"broker.internal:7443", Address::kWithTls},
      // Names that only look like loopback.
      {"127.0.0.1.example.com:7443", Address::kWithTls},
      {"127.example.com:7443", Address::kWithTls},
      {"localhost.example.com:7443", Address::kWithTls},
      {"127.0.0.1", Address::kRefused},
      {"7443", Address::kRefused},
      {":7443", Address::kRefused},
      {"127.0.0.1:", Address::kRefused},
      {"127.0.0.1:65536", Address::kRefused},
      {"127.0.0.1:99999999999", Address::kRefused},
      {"127.0.0.1:-1", Address::kRefused},
      {"127.0.0.1:+1", Address::kRefused},
      {"127.0.0.1: 1", Address::kRefused},
      {"127.0.0.1:http", Address::kRefused},
      {"::1:7443", Address::kRefused},
      {"[::1]", Address::kRefused},
      {"[::1:7443", Address::kRefused},
      {"::1]:7443", Address::kRefused},
      {"[]:7443", Address::kRefused},
      {"unix:relative", Address::kRefused},
      {"https://127.0.0.1:7443", Address::kRefused},
  };
  for (const auto& [text, address] : cases) {
    SCOPED_TRACE(text);
    Config config = Good();
    config.mutable_grpc()->set_address(text);
    if (address == Address::kRefused) {
      EXPECT_THAT(
          Check(config),
          Refused("grpc.address must be host:port, [v6]:port or unix:/path"));
    } else if (address == Address::kWithTls) {
      EXPECT_THAT(Check(config),
                  Refused("grpc.address may only be a loopback address or a "
                          "unix socket without grpc.tls"));
    } else {
      EXPECT_THAT(Check(config), IsOk());
    }

    auto& tls = *config.mutable_grpc()->mutable_tls();
    tls.set_certificate_file("tls.crt");
    tls.set_private_key_file("tls.key");
    tls.set_client_ca_file("ca.crt");
    EXPECT_EQ(Check(config).ok(), address != Address::kRefused);

    // Probes come from elsewhere; nothing there is secret.
    Config http = Good();
    http.mutable_http()->set_address(text);
    if (address == Address::kRefused || address == Address::kUnix) {
      EXPECT_THAT(Check(http),
                  Refused("http.address must be host:port or [v6]:port"));
    } else {
      EXPECT_THAT(Check(http), IsOk());
    }
  }
}

TEST(ConfigTest, NeedsAllThreeFilesOfTls) {
  for (int missing = 0; missing < 3; ++missing) {
    Config config = Good();
    auto& tls = *config.mutable_grpc()->mutable_tls();
    if (missing != 0) tls.set_certificate_file("tls.crt");
    if (missing != 1) tls.set_private_key_file("tls.key");
    if (missing != 2) tls.set_client_ca_file("ca.crt");
    EXPECT_THAT(Check(config),
                Refused("grpc.tls needs certificate_file, private_key_file "
                        "and client_ca_file"))
        << missing;
  }
}

TEST(ConfigTest, RefusesTwoProvidersOfOneName) {
  Config config = Good();
  *config.add_providers() = config.providers(0);
  EXPECT_THAT(Check(config),
              Refused("providers[1].name is the name of two providers"));
  config.mutable_providers(1)->set_name("google-acme");
  EXPECT_THAT(Check(config), IsOk());
}

TEST(ConfigTest, TakesAThousandProvidersAndNotOneMore) {
  Config config = Good();
  const Provider provider = config.providers(0);
  for (int i = 1; i < 1000; ++i) {
    *config.add_providers() = provider;
    config.mutable_providers(i)->set_name(absl::StrCat("provider-", i));
  }
  EXPECT_THAT(Check(config), IsOk());
  *config.add_providers() = provider;
  config.mutable_providers(1000)->set_name("one-more");
  EXPECT_THAT(Check(config), Refused("providers must be at most 1000"));
}

TEST(ConfigTest, ChecksAProvidersOwnFields) {
  struct Case {
    std::string name;
    std::function<void(Provider*)> change;
    std::string refusal;  // empty: none
  };
  const std::string name =
      "providers[0].name must be 1 to 63 bytes out of a-z, 0-9 and -";
  const std::string client_id =
      "providers[0].client_id is missing or holds control characters";
  const std::string uris = "providers[0].redirect_uris must be 1 to 100";
  const std::string scope =
      "must be 1 to 512 bytes of visible ASCII without \" and \\";
  const Case cases[] = {
      {"name", [](Provider* p) { p->clear_name(); }, name},
      {"name a", [](Provider* p) { p->set_name("A"); }, name},
      {"name of 64", [](Provider* p) { p->set_name(std::string(64, 'a')); },
       name},
      {"client_id", [](Provider* p) { p->clear_client_id(); }, client_id},
      {"client_id line", [](Provider* p) { p->set_client_id("a\n"); },
       client_id},
      {"client_id words", [](Provider* p) { p->set_client_id("a b"); }, ""},
      {"no URI", [](Provider* p) { p->clear_redirect_uris(); }, uris},
      {"100 URIs",
       [](Provider* p) {
         while (p->redirect_uris_size() < 100) {
           p->add_redirect_uris("https://a.example");
         }
       },
       ""},
      {"101 URIs",
       [](Provider* p) {
         while (p->redirect_uris_size() < 101) {
           p->add_redirect_uris("https://a.example");
         }
       },
       uris},
      {"a second URI", [](Provider* p) { p->add_redirect_uris("x"); },
       "providers[0].redirect_uris[1] must be an https URI (http for loopback "
       "hosts only) without fragment, user or spaces"},
      {"no scope", [](Provider* p) { p->clear_scopes(); }, ""},
      {"100 scopes",
       [](Provider* p) {
         while (p->scopes_size() < 100) p->add_scopes("a");
       },
       ""},
      {"101 scopes",
       [](Provider* p) {
         while (p->scopes_size() < 101) p->add_scopes("a");
       },
       "providers[0].scopes must be at most 100"},
      {"two in one", [](Provider* p) { p->add_scopes("a b"); },
       "providers[0].scopes[1] " + scope},
      {"empty scope", [](Provider* p) { p->add_scopes(""); },
       "providers[0].scopes[1] " + scope},
  };
  for (const Case& c : cases) {
    Config config = Good();
    config.clear_access();
    c.change(config.mutable_providers(0));
    if (c.refusal.empty()) {
      EXPECT_THAT(Check(config), IsOk()) << c.name;
    } else {
      EXPECT_THAT(Check(config), Refused(c.refusal)) << c.name;
    }
  }
}

// Where a browser may be sent with a code.
enum class Uri {
  kTaken,
  kForTests,  // only with allow_loopback
  kRefused,
};

TEST(ConfigTest, TakesHttpsRedirectUrisAndLoopbackOnes) {
  const std::string longest =
      "https://a.example/" + std::string(2048 - 18, 'x');
  ASSERT_EQ(longest.size(), 2048);
  const std::map<std::string, Uri> cases = {
      {"https://app.example.com", Uri::kTaken},
      {"https://app.example.com/", Uri::kTaken},
      {"https://app.example.com/callback?tenant=a&b=%20", Uri::kTaken},
      {"https://app.example.com:8443/callback", Uri::kTaken},
      {"https://app.example.com/@user", Uri::kTaken},
      {"https://[2001:db8::1]/callback", Uri::kTaken},
      {longest, Uri::kTaken},
      {longest + "x", Uri::kRefused},
      // RFC 8252 7.3 and 8.3: loopback needs no TLS.
      {"http://localhost/callback", Uri::kTaken},
      {"http://localhost:8080/callback", Uri::kTaken},
      {"http://127.0.0.1/callback", Uri::kTaken},
      {"http://127.0.0.1:8080", Uri::kTaken},
      {"http://127.8.9.10?x", Uri::kTaken},
      {"http://[::1]/callback", Uri::kTaken},
      {"http://[::1]:8080/callback", Uri::kTaken},
      {"http://app.example.com/callback", Uri::kForTests},
      {"http://10.0.0.1/callback", Uri::kForTests},
      {"http://127.0.0.1.example.com/callback", Uri::kForTests},
      {"http://127.example.com/callback", Uri::kForTests},
      {"http://localhost.example.com/callback", Uri::kForTests},
      {"http://[::2]/callback", Uri::kForTests},
      {"", Uri::kRefused},
      {"app.example.com/callback", Uri::kRefused},
      {"//app.example.com/callback", Uri::kRefused},
      {"/callback", Uri::kRefused},
      {"com.example.app:/callback", Uri::kRefused},
      {"javascript:alert(1)", Uri::kRefused},
      {"ftp://app.example.com/callback", Uri::kRefused},
      {"https:/app.example.com", Uri::kRefused},
      {"https://", Uri::kRefused},
      {"https:///callback", Uri::kRefused},
      {"https://?callback", Uri::kRefused},
      {"https://app.example.com/callback#", Uri::kRefused},
      {"https://app.example.com/#callback", Uri::kRefused},
      {"https://user@app.example.com/callback", Uri::kRefused},
      {"https://user:word@app.example.com/", Uri::kRefused},
      {"https://app.example.com\\@evil.example/", Uri::kRefused},
      {"https://app.example.com/call back", Uri::kRefused},
      {" https://app.example.com/", Uri::kRefused},
      {"https://app.example.com/\n", Uri::kRefused},
      {"http://localhost@evil.example/", Uri::kRefused},
      {"http://localhost#@evil.example/", Uri::kRefused},
  };
  for (const auto& [text, uri] : cases) {
    Config config = Good();
    Provider& provider = *config.mutable_providers(0);
    provider.set_redirect_uris(0, text);
    EXPECT_EQ(Check(config).ok(), uri == Uri::kTaken) << text;
    provider.set_allow_loopback(true);
    EXPECT_EQ(Check(config).ok(), uri != Uri::kRefused) << text;
  }
}

TEST(ConfigTest, HoldsAProvidersLimitsToTheirBounds) {
  const struct {
    std::string field;
    int most;
    void (config::v1::Provider::*set)(int32_t);
  } cases[] = {
      {"max_concurrent_requests", 256,
       &config::v1::Provider::set_max_concurrent_requests},
      {"max_requests_per_minute", 600'000,
       &config::v1::Provider::set_max_requests_per_minute},
  };
  for (const auto& c : cases) {
    for (const int value : {-1, 0, 1, c.most, c.most + 1}) {
      Config config = Good();
      (config.mutable_providers(0)->*c.set)(value);
      const absl::Status status = Check(config);
      EXPECT_EQ(status.ok(), value >= 1 && value <= c.most) << value;
      EXPECT_TRUE(status.ok() || absl::StrContains(status.message(), c.field))
          << status;
    }
  }
}

TEST(ConfigTest, HoldsDurationsToTheirBounds) {
  struct Case {
    std::string path;
    absl::Duration least;
    absl::Duration most;
    std::string bounds;
    std::function<void(Config*, absl::Duration)> set;
  };
  const Case cases[] = {
      {"providers[0].request_timeout", absl::Milliseconds(100),
       absl::Seconds(60), "100ms and 1m",
       [](Config* c, absl::Duration d) {
         *c->mutable_providers(0)->mutable_request_timeout() = ToProto(d);
       }},
      {"providers[0].rotation_grace", absl::Seconds(1), absl::Hours(24 * 400),
       "1s and 9600h",
       [](Config* c, absl::Duration d) {
         *c->mutable_providers(0)->mutable_rotation_grace() = ToProto(d);
       }},
      {"providers[0].refresh.idle_touch", absl::Hours(1), absl::Hours(24 * 400),
       "1h and 9600h",
       [](Config* c, absl::Duration d) {
         *c->mutable_providers(0)->mutable_refresh()->mutable_idle_touch() =
             ToProto(d);
       }},
      {"drain.delay", absl::ZeroDuration(), absl::Minutes(5), "0 and 5m",
       [](Config* c, absl::Duration d) {
         *c->mutable_drain()->mutable_delay() = ToProto(d);
       }},
      {"drain.grace", absl::ZeroDuration(), absl::Minutes(5), "0 and 5m",
       [](Config* c, absl::Duration d) {
         *c->mutable_drain()->mutable_grace() = ToProto(d);
       }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.path);
    for (const absl::Duration good : {c.least, c.most}) {
      Config config = Good();
      c.set(&config, good);
      EXPECT_THAT(Check(config), IsOk()) << good;
    }
    for (const absl::Duration bad :
         {c.least - absl::Nanoseconds(1), c.most + absl::Nanoseconds(1)}) {
      Config config = Good();
      c.set(&config, bad);
      EXPECT_THAT(Check(config),
                  Refused(absl::StrCat(c.path, " must be between ", c.bounds)))
          << bad;
    }
  }
}

TEST(ConfigTest, RefusesAnAccessRuleThatSaysTooLittleOrTooMuch) {
  struct Case {
    std::string name;
    std::function<void(AccessRule*)> change;
    std::string refusal;  // empty: none
  };
  const std::string caller =
      "must be a whole SPIFFE ID or DNS name; there are no patterns";
  const Case cases[] = {
      {"no caller", [](AccessRule* r) { r->clear_callers(); },
       "access[0].callers is missing"},
      {"no provider", [](AccessRule* r) { r->clear_providers(); },
       "access[0].providers is missing"},
      {"no permission", [](AccessRule* r) { r->clear_permissions(); },
       "access[0].permissions is missing"},
      {"a SPIFFE ID",
       [](AccessRule* r) { r->add_callers("spiffe://example.com/ns/a/sa/b"); },
       ""},
      {"an empty caller", [](AccessRule* r) { r->add_callers(""); },
       "access[0].callers[1] " + caller},
      {"every caller", [](AccessRule* r) { r->add_callers("*"); },
       "access[0].callers[1] " + caller},
      {"a pattern of callers",
       [](AccessRule* r) { r->add_callers("spiffe://example.com/*"); },
       "access[0].callers[1] " + caller},
      {"every provider", [](AccessRule* r) { r->set_providers(0, "*"); }, ""},
      {"an unknown provider", [](AccessRule* r) { r->add_providers("kakao"); },
       "access[0].providers[1] must name a configured provider, or be \"*\""},
      {"a pattern of providers",
       [](AccessRule* r) { r->add_providers("goo*"); },
       "access[0].providers[1] must name a configured provider, or be \"*\""},
  };
  for (const Case& c : cases) {
    Config config = Good();
    c.change(config.mutable_access(0));
    if (c.refusal.empty()) {
      EXPECT_THAT(Check(config), IsOk()) << c.name;
    } else {
      EXPECT_THAT(Check(config), Refused(c.refusal)) << c.name;
    }
  }
}

TEST(ConfigTest, FillsInTheDocumentedDefaults) {
  const Config config = Good();
  EXPECT_EQ(DrainDelay(config), absl::Seconds(5));
  EXPECT_EQ(DrainGrace(config), absl::Seconds(15));
  EXPECT_EQ(RequestTimeout(config.providers(0)), absl::Seconds(15));
}

TEST(ConfigTest, KeepsWhatIsSaidEvenIfItIsZero) {
  Config config = Good();
  *config.mutable_drain()->mutable_delay() = ToProto(absl::ZeroDuration());
  *config.mutable_drain()->mutable_grace() = ToProto(absl::Milliseconds(1500));
  *config.mutable_providers(0)->mutable_request_timeout() =
      ToProto(absl::Seconds(3));
  EXPECT_EQ(DrainDelay(config), absl::ZeroDuration());
  EXPECT_EQ(DrainGrace(config), absl::Milliseconds(1500));
  EXPECT_EQ(RequestTimeout(config.providers(0)), absl::Seconds(3));
}

TEST(ConfigTest, BoundsTheWatermark) {
  Config config = Good();
  EXPECT_EQ(LeastFreeBytes(config), uint64_t{128} << 20);
  const std::string refusal =
      "storage.rocksdb.least_free_mib must be between 64 and 1073741824";
  auto* rocksdb = config.mutable_storage()->mutable_rocksdb();
  for (const int32_t bad : {-2147483647, -1, 0, 63, 1073741825, 2147483647}) {
    rocksdb->set_least_free_mib(bad);
    EXPECT_THAT(Check(config), Refused(refusal)) << bad;
  }
  for (const int32_t good : {64, 128, 1073741824}) {
    rocksdb->set_least_free_mib(good);
    EXPECT_THAT(Check(config), IsOk()) << good;
    EXPECT_EQ(LeastFreeBytes(config), uint64_t(good) << 20);
  }
}

// An operator may have put a secret where it does not belong.
TEST(ConfigTest, RepeatsNoValue) {
  const std::string secret = "SECRET value\n*";
  const std::function<void(Config*)> changes[] = {
      [&](Config* c) { c->mutable_grpc()->set_address(secret); },
      [&](Config* c) { c->mutable_http()->set_address(secret); },
      [&](Config* c) { c->mutable_providers(0)->set_name(secret); },
      [&](Config* c) { c->mutable_providers(0)->set_client_id(secret); },
      [&](Config* c) { c->mutable_providers(0)->set_redirect_uris(0, secret); },
      [&](Config* c) { c->mutable_providers(0)->set_scopes(0, secret); },
      [&](Config* c) { c->mutable_access(0)->set_callers(0, secret); },
      [&](Config* c) { c->mutable_access(0)->set_providers(0, secret); },
  };
  for (const auto& change : changes) {
    Config config = Good();
    change(&config);
    EXPECT_THAT(Check(config), StatusIs(absl::StatusCode::kInvalidArgument,
                                        Not(HasSubstr("SECRET"))));
  }
}

}  // namespace
}  // namespace tokenbroker
