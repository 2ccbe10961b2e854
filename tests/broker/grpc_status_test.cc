// SPDX-License-Identifier: Apache-2.0
#include "broker/grpc_status.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "broker/errors.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

using testing::ElementsAre;

// What stands in the trailer `grpc-status-details-bin`.
google::rpc::Status DetailsOf(const absl::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(ToGrpcStatus(status).error_details()));
  return details;
}

std::vector<std::string> TypesOf(const google::rpc::Status& details) {
  std::vector<std::string> types;
  for (const auto& detail : details.details()) {
    types.push_back(detail.type_url());
  }
  return types;
}

TEST(GrpcStatusTest, IsOkForOk) {
  const grpc::Status status = ToGrpcStatus(absl::OkStatus());
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.error_details(), "");
}

TEST(GrpcStatusTest, KeepsEachCodeAndMessage) {
  // Both libraries number the codes as google.rpc.Code does, 1 to 16.
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "what next");
    const grpc::Status sent = ToGrpcStatus(status);
    EXPECT_EQ(sent.error_code(), code);
    EXPECT_EQ(sent.error_message(), "what next");
    EXPECT_EQ(DetailsOf(status).code(), code);
    EXPECT_EQ(DetailsOf(status).message(), "what next");
  }
}

TEST(GrpcStatusTest, CarriesExactlyOneErrorInfo) {
  const google::rpc::Status details = DetailsOf(ConcurrentChangeError("kakao"));
  ASSERT_THAT(TypesOf(details), ElementsAre(std::string(kErrorInfoType)));
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "CONCURRENT_CHANGE");
  EXPECT_EQ(info.domain(), "tokenbroker");
  EXPECT_EQ(info.metadata().at("provider"), "kakao");
}

TEST(GrpcStatusTest, CarriesFieldViolationsBehindTheErrorInfo) {
  const google::rpc::Status details =
      DetailsOf(InvalidFieldsError({{"subject", "is missing"}}));
  ASSERT_THAT(TypesOf(details), ElementsAre(std::string(kErrorInfoType),
                                            std::string(kBadRequestType)));
  google::rpc::BadRequest bad;
  ASSERT_TRUE(details.details(1).UnpackTo(&bad));
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "subject");
}

TEST(GrpcStatusTest, CarriesTheTimeToWaitBehindTheErrorInfo) {
  const google::rpc::Status details =
      DetailsOf(ProviderUnavailableError("kakao", absl::Milliseconds(1500)));
  ASSERT_THAT(TypesOf(details), ElementsAre(std::string(kErrorInfoType),
                                            std::string(kRetryInfoType)));
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(details.details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
}

TEST(PushbackTest, IsTheWaitInMilliseconds) {
  // gRFC A6: a decimal number of milliseconds.
  EXPECT_STREQ(kPushbackTrailer, "grpc-retry-pushback-ms");
  const struct {
    absl::Duration delay;
    const char* pushback;
  } cases[] = {{absl::Milliseconds(1), "1"},
               {absl::Milliseconds(1500), "1500"},
               {absl::Minutes(5), "300000"}};
  for (const auto& test : cases) {
    EXPECT_EQ(PushbackOf(ProviderUnavailableError("kakao", test.delay)),
              test.pushback);
  }
}

TEST(PushbackTest, StopsRetriesWhereWaitingDoesNotHelp) {
  for (const absl::Status& status :
       {ConnectionNotFoundError("kakao"), ConcurrentChangeError("kakao"),
        ProviderUnavailableError("kakao", absl::ZeroDuration()),
        InternalError(), absl::UnknownError("x")}) {
    EXPECT_EQ(PushbackOf(status), "-1") << status;
  }
}

}  // namespace
}  // namespace tokenbroker
