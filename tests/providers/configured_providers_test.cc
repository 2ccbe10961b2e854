// SPDX-License-Identifier: Apache-2.0
#include "providers/configured_providers.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_http_client.h"
#include "tests/providers/certificate.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using absl::StatusCode;

class ConfiguredProvidersTest : public testing::Test {
 protected:
  ConfiguredProvidersTest() {
    WriteBytes(dir_ / "secret", "s3cret\n");
    // `corp` must be discovered, `google` must not.
    config::v1::Provider& corp = AddProvider("corp");
    corp.set_issuer("https://id.test");
    AddProvider("google").set_preset("google");
  }

  config::v1::Provider& AddProvider(const std::string& name) {
    config::v1::Provider& provider = *config_.add_providers();
    provider.set_name(name);
    provider.set_client_id("client");
    provider.set_client_secret_file(dir_ / "secret");
    return provider;
  }
  config::v1::Provider& corp() { return *config_.mutable_providers(0); }

  std::unique_ptr<ConfiguredProviders> Create() {
    auto providers = ConfiguredProviders::Create(config_, http_, clock_);
    EXPECT_TRUE(providers.ok()) << providers.status();
    return providers.ok() ? *std::move(providers) : nullptr;
  }
  absl::Status Refusal() {
    return ConfiguredProviders::Create(config_, http_, clock_).status();
  }

  static std::string Metadata(absl::string_view token_endpoint) {
    return absl::StrCat(
        R"({"issuer":"https://id.test",)"
        R"("authorization_endpoint":"https://id.test/authorize",)"
        R"("token_endpoint":")",
        token_endpoint, "\"}");
  }
  // Where the provider spends its tokens; the error's code if there is none.
  static std::string TokenEndpoint(ConfiguredProviders& providers) {
    const auto provider = providers.Find("corp");
    return provider.ok() ? (*provider)->settings().token_endpoint()
                         : absl::StatusCodeToString(provider.status().code());
  }

  const TempDir dir_;
  config::v1::Config config_;
  ScriptedHttpClient http_;
  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
};

TEST_F(ConfiguredProvidersTest, ListsInTheOrderOfNames) {
  AddProvider("acme").set_preset("kakao");
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  ASSERT_EQ(providers->List().size(), 3u);
  EXPECT_EQ(providers->List()[0].name(), "acme");
  EXPECT_EQ(providers->List()[1].name(), "corp");
  EXPECT_EQ(providers->List()[2].name(), "google");
  EXPECT_EQ(providers->List()[0].display_name(), "Kakao");
  EXPECT_TRUE(http_.sent().empty());
}

TEST_F(ConfiguredProvidersTest, HasProvidersWithEndpointsReadyAtOnce) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  const auto google = providers->Find("google");
  ASSERT_TRUE(google.ok()) << google.status();
  EXPECT_EQ((*google)->settings().name(), "google");
  clock_.Advance(absl::Hours(1000));
  EXPECT_EQ(*providers->Find("google"), *google);
  EXPECT_TRUE(http_.sent().empty());
}

TEST_F(ConfiguredProvidersTest, KnowsNoOthers) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  EXPECT_EQ(providers->Find("gogle").status().code(), StatusCode::kNotFound);
}

TEST_F(ConfiguredProvidersTest, FetchesMetadataOnceAnHour) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  http_.Answer(200, Metadata("https://id.test/1"));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");
  clock_.Advance(absl::Minutes(60) - absl::Seconds(1));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");
  EXPECT_EQ(http_.sent().size(), 1u);
  clock_.Advance(absl::Seconds(1));
  http_.Answer(200, Metadata("https://id.test/2"));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/2");
  ASSERT_EQ(http_.sent().size(), 2u);
  EXPECT_EQ(http_.sent()[1].method, "GET");
  EXPECT_EQ(http_.sent()[1].url,
            "https://id.test/.well-known/openid-configuration");
}

TEST_F(ConfiguredProvidersTest, LooksInTheSecondPlaceIfTheFirstHasNone) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  http_.Answer(404, "");
  http_.Answer(200, Metadata("https://id.test/1"));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");
  ASSERT_EQ(http_.sent().size(), 2u);
  EXPECT_EQ(http_.sent()[1].url,
            "https://id.test/.well-known/oauth-authorization-server");
}

TEST_F(ConfiguredProvidersTest, AsksAServerOutOfReachOnlyOnce) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  http_.Fail(absl::UnavailableError("id.test: no"));
  EXPECT_EQ(TokenEndpoint(*providers), "UNAVAILABLE");
  EXPECT_EQ(http_.sent().size(), 1u);
}

TEST_F(ConfiguredProvidersTest, SaysWhatIsWrongWithTheMetadata) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  http_.Answer(200, "<html>");
  http_.Answer(500, "");
  const absl::Status status = providers->Find("corp").status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(status.message(), "corp"));
  EXPECT_TRUE(absl::StrContains(status.message(), "not a JSON object"));
  EXPECT_TRUE(absl::StrContains(status.message(), "status 500"));
}

TEST_F(ConfiguredProvidersTest, RemembersAFirstFailureForFiveSeconds) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(TokenEndpoint(*providers), "UNAVAILABLE");
  }
  clock_.Advance(absl::Milliseconds(4999));
  EXPECT_EQ(TokenEndpoint(*providers), "UNAVAILABLE");
  EXPECT_EQ(http_.sent().size(), 1u);
  clock_.Advance(absl::Milliseconds(1));
  http_.Answer(200, Metadata("https://id.test/1"));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");
}

TEST_F(ConfiguredProvidersTest, ServesOldMetadataWhileNoneIsToBeHad) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  http_.Answer(200, Metadata("https://id.test/1"));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");  // out of reach
  clock_.Advance(absl::Seconds(59));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");
  EXPECT_EQ(http_.sent().size(), 2u);
  clock_.Advance(absl::Seconds(1));
  http_.Answer(200, Metadata("https://id.test/2"));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/2");
}

TEST_F(ConfiguredProvidersTest, ServesOldMetadataRatherThanAnotherIssuers) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  http_.Answer(200, Metadata("https://id.test/1"));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");
  clock_.Advance(absl::Hours(1));
  http_.Answer(200, R"({"issuer":"https://evil.test"})");
  http_.Answer(404, "");
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");
}

TEST_F(ConfiguredProvidersTest, ForgetsAFailureWhenTheClockIsSetBack) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  EXPECT_EQ(TokenEndpoint(*providers), "UNAVAILABLE");
  clock_.Advance(-absl::Hours(24));
  http_.Answer(200, Metadata("https://id.test/1"));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");
}

TEST_F(ConfiguredProvidersTest, FetchesOnceForAllWhoAskMeanwhile) {
  constexpr int kThreads = 8;
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  std::atomic<int> asking = 0;
  // On the wire until everybody has asked.
  http_.AnswerWith([&asking]() -> absl::StatusOr<HttpResponse> {
    while (asking < kThreads) std::this_thread::yield();
    return HttpResponse{.status = 200,
                        .body = Secret(Metadata("https://id.test/1"))};
  });
  std::atomic<int> found = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      ++asking;
      if (TokenEndpoint(*providers) == "https://id.test/1") ++found;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(found, kThreads);
  EXPECT_EQ(http_.sent().size(), 1u);
}

TEST_F(ConfiguredProvidersTest, KeepsNobodyElseWaiting) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  bool google = false;
  http_.AnswerWith([&]() -> absl::StatusOr<HttpResponse> {
    google = providers->Find("google").ok() && !providers->List().empty();
    return HttpResponse{.status = 200,
                        .body = Secret(Metadata("https://id.test/1"))};
  });
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");
  EXPECT_TRUE(google);
}

TEST_F(ConfiguredProvidersTest, KeepsNobodyWaitingWhileItFetchesAgain) {
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  http_.Answer(200, Metadata("https://id.test/1"));
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/1");
  clock_.Advance(absl::Hours(1));
  std::string meanwhile;
  http_.AnswerWith([&]() -> absl::StatusOr<HttpResponse> {
    meanwhile = TokenEndpoint(*providers);
    return HttpResponse{.status = 200,
                        .body = Secret(Metadata("https://id.test/2"))};
  });
  EXPECT_EQ(TokenEndpoint(*providers), "https://id.test/2");
  EXPECT_EQ(meanwhile, "https://id.test/1");
}

TEST_F(ConfiguredProvidersTest, ReadsTheClientSecretWithoutItsLastLineEnd) {
  const struct {
    std::string contents;
    std::string secret;
  } cases[] = {{"s3cret", "s3cret"},
               {"s3cret\n", "s3cret"},
               {"s3cret\r\n", "s3cret"},
               {" s 3 \n", " s 3 "}};
  for (const auto& test : cases) {
    WriteBytes(dir_ / "secret", test.contents);
    const auto providers = Create();
    ASSERT_NE(providers, nullptr);
    const HttpRequest request =
        *(*providers->Find("google"))->RefreshRequest(Secret("r"), false, {});
    std::string escaped = test.secret;
    for (char& c : escaped) c = c == ' ' ? '+' : c;
    EXPECT_TRUE(
        absl::EndsWith(request.body.Reveal(), "&client_secret=" + escaped));
  }
}

TEST_F(ConfiguredProvidersTest, SaysWhichSecretIsMissingOrWrong) {
  for (const std::string contents : {"", "\n", "a\nb\n", "a\n\n"}) {
    WriteBytes(dir_ / "secret", contents);
    EXPECT_EQ(Refusal().code(), StatusCode::kInvalidArgument) << contents;
    EXPECT_TRUE(absl::StrContains(Refusal().message(), "provider corp: "));
    EXPECT_TRUE(absl::StrContains(Refusal().message(), dir_ / "secret"));
  }
  corp().set_client_secret_file(dir_ / "none");
  EXPECT_EQ(Refusal().code(), StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(Refusal().message(), "provider corp: "));
  EXPECT_TRUE(absl::StrContains(Refusal().message(), dir_ / "none"));
  corp().clear_client_secret_file();
  EXPECT_EQ(Refusal().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(Refusal().message(), "client_secret_file"));
}

TEST_F(ConfiguredProvidersTest, SaysWhichAuthoritiesFileIsMissingOrWrong) {
  corp().set_ca_file(dir_ / "ca.pem");
  EXPECT_EQ(Refusal().code(), StatusCode::kNotFound);
  WriteBytes(dir_ / "ca.pem", "");
  EXPECT_EQ(Refusal().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StartsWith(Refusal().message(), "provider corp: ca_file: "))
      << Refusal();
  EXPECT_TRUE(absl::StrContains(Refusal().message(), dir_ / "ca.pem"));
  EXPECT_TRUE(absl::StrContains(Refusal().message(), "holds no certificate"));
}

TEST_F(ConfiguredProvidersTest, TrustsTheSameForMetadataAndTokens) {
  ASSERT_TRUE(WriteCertificate(dir_ / "key", dir_ / "ca.pem"));
  corp().set_ca_file(dir_ / "ca.pem");
  const auto providers = Create();
  ASSERT_NE(providers, nullptr);
  http_.Answer(200, Metadata("https://id.test/1"));
  const auto provider = providers->Find("corp");
  ASSERT_TRUE(provider.ok()) << provider.status();
  ASSERT_EQ(http_.sent().size(), 1u);
  EXPECT_EQ(http_.sent()[0].ca_file, dir_ / "ca.pem");
  EXPECT_EQ((*provider)->RefreshRequest(Secret("rt"), false, {})->ca_file,
            dir_ / "ca.pem");
  EXPECT_EQ((*providers->Find("google"))
                ->RefreshRequest(Secret("rt"), false, {})
                ->ca_file,
            "");
}

TEST_F(ConfiguredProvidersTest, TakesAPublicClientWithoutASecretOnly) {
  corp().set_token_endpoint_auth_method(config::v1::CLIENT_AUTH_METHOD_NONE);
  EXPECT_EQ(Refusal().code(), StatusCode::kInvalidArgument);
  corp().clear_client_secret_file();
  EXPECT_NE(Create(), nullptr);
}

TEST_F(ConfiguredProvidersTest, PassesOnWhatTheCatalogueSays) {
  corp().set_preset("gogle");
  EXPECT_TRUE(
      absl::StrContains(Refusal().message(), "there is no preset gogle"));
}

TEST_F(ConfiguredProvidersTest, HasALineForEachProviderThatIsWrong) {
  corp().set_client_secret_file(dir_ / "none");
  AddProvider("shop").set_preset("shopify");
  const absl::Status refusal = Refusal();
  EXPECT_EQ(refusal.code(), StatusCode::kNotFound);
  const std::vector<std::string> lines =
      absl::StrSplit(refusal.message(), '\n');
  ASSERT_EQ(lines.size(), 2u) << refusal;
  EXPECT_TRUE(
      absl::StartsWith(lines[0], "provider corp: client_secret_file: "));
  EXPECT_TRUE(
      absl::StartsWith(lines[1], "provider shop: variable shop is missing: "));
}

}  // namespace
}  // namespace tokenbroker
