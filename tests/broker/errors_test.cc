// SPDX-License-Identifier: Apache-2.0
#include "broker/errors.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::UnorderedElementsAreArray;

using Metadata = std::map<std::string, std::string>;

// Whether the caller is told to wait and ask again.
enum class Retry { kNo, kYes };

struct ErrorCase {
  absl::Status status;
  StatusCode code;
  v1::ErrorReason reason;
  Metadata metadata;
  Retry retry = Retry::kNo;
};

// What error_reason.proto documents, reason by reason.
std::vector<ErrorCase> EveryError() {
  const Metadata google = {{"provider", "google"}};
  const Metadata denied = {{"provider", "google"},
                           {"provider_error", "access_denied"}};
  return {
      {CallerUnauthenticatedError(),
       StatusCode::kUnauthenticated,
       v1::ERROR_REASON_CALLER_UNAUTHENTICATED,
       {}},
      {CallerNotAllowedError("GET_TOKEN", "google"),
       StatusCode::kPermissionDenied,
       v1::ERROR_REASON_CALLER_NOT_ALLOWED,
       {{"permission", "GET_TOKEN"}, {"provider", "google"}}},
      {InvalidFieldsError({{"subject", "is missing"}}),
       StatusCode::kInvalidArgument,
       v1::ERROR_REASON_INVALID_FIELD,
       {}},
      {ProviderNotFoundError("google"), StatusCode::kNotFound,
       v1::ERROR_REASON_PROVIDER_NOT_FOUND, google},
      {ConnectionNotFoundError("google"), StatusCode::kNotFound,
       v1::ERROR_REASON_CONNECTION_NOT_FOUND, google},
      {AuthorizationNotFoundError(),
       StatusCode::kNotFound,
       v1::ERROR_REASON_AUTHORIZATION_NOT_FOUND,
       {}},
      {AuthorizationExpiredError("google"), StatusCode::kFailedPrecondition,
       v1::ERROR_REASON_AUTHORIZATION_EXPIRED, google},
      {IssuerMismatchError("google"), StatusCode::kPermissionDenied,
       v1::ERROR_REASON_ISSUER_MISMATCH, google},
      {CallbackRejectedError("google"), StatusCode::kPermissionDenied,
       v1::ERROR_REASON_CALLBACK_REJECTED, google},
      {AuthorizationDeniedError("google", "access_denied"),
       StatusCode::kFailedPrecondition, v1::ERROR_REASON_AUTHORIZATION_DENIED,
       denied},
      {CodeRejectedError("google", "access_denied"),
       StatusCode::kFailedPrecondition, v1::ERROR_REASON_CODE_REJECTED, denied},
      {ReauthorizationRequiredError("google",
                                    v1::Connection::REASON_ROTATION_LOST),
       StatusCode::kFailedPrecondition,
       v1::ERROR_REASON_REAUTHORIZATION_REQUIRED,
       {{"provider", "google"}, {"cause", "ROTATION_LOST"}}},
      {ProviderMisconfiguredError("google"), StatusCode::kFailedPrecondition,
       v1::ERROR_REASON_PROVIDER_MISCONFIGURED, google},
      {ProviderUnavailableError("google", absl::Seconds(3)),
       StatusCode::kUnavailable, v1::ERROR_REASON_PROVIDER_UNAVAILABLE, google,
       Retry::kYes},
      {ProviderResponseInvalidError("google", "not JSON"),
       StatusCode::kInternal, v1::ERROR_REASON_PROVIDER_RESPONSE_INVALID,
       google},
      {ConcurrentChangeError("google"), StatusCode::kAborted,
       v1::ERROR_REASON_CONCURRENT_CHANGE, google},
      {OverloadedError(),
       StatusCode::kUnavailable,
       v1::ERROR_REASON_OVERLOADED,
       {},
       Retry::kYes},
      {DrainingError(),
       StatusCode::kUnavailable,
       v1::ERROR_REASON_DRAINING,
       {},
       Retry::kYes},
      {StorageUnavailableError(),
       StatusCode::kUnavailable,
       v1::ERROR_REASON_STORAGE_UNAVAILABLE,
       {},
       Retry::kYes},
      {RecordDamagedError("google"), StatusCode::kDataLoss,
       v1::ERROR_REASON_RECORD_DAMAGED, google},
      {InternalError(), StatusCode::kInternal, v1::ERROR_REASON_INTERNAL, {}},
  };
}

// The types of the details that ride in `status`.
std::vector<std::string> DetailTypes(const absl::Status& status) {
  std::vector<std::string> types;
  status.ForEachPayload([&](absl::string_view type, const absl::Cord&) {
    types.emplace_back(type);
  });
  return types;
}

template <typename Message>
Message Detail(const absl::Status& status, absl::string_view type) {
  Message message;
  const auto payload = status.GetPayload(type);
  EXPECT_TRUE(payload.has_value()) << type;
  if (payload.has_value()) {
    EXPECT_TRUE(message.ParseFromString(std::string(*payload)));
  }
  return message;
}

TEST(ErrorsTest, SayWhatTheContractDocuments) {
  for (const ErrorCase& test : EveryError()) {
    SCOPED_TRACE(test.status.ToString());
    EXPECT_EQ(test.status.code(), test.code);
    EXPECT_EQ(ReasonOf(test.status), test.reason);
    const auto info =
        Detail<google::rpc::ErrorInfo>(test.status, kErrorInfoType);
    EXPECT_EQ(info.domain(), "tokenbroker");
    EXPECT_EQ(absl::StrCat("ERROR_REASON_", info.reason()),
              v1::ErrorReason_Name(test.reason));
    EXPECT_EQ(Metadata(info.metadata().begin(), info.metadata().end()),
              test.metadata);
    EXPECT_FALSE(test.status.message().empty());
  }
}

TEST(ErrorsTest, CarryTheDetailsThatTheirReasonPromises) {
  for (const ErrorCase& test : EveryError()) {
    SCOPED_TRACE(test.status.ToString());
    std::vector<absl::string_view> types = {kErrorInfoType};
    if (test.reason == v1::ERROR_REASON_INVALID_FIELD) {
      types.push_back(kBadRequestType);
    }
    if (test.retry == Retry::kYes) types.push_back(kRetryInfoType);
    EXPECT_THAT(DetailTypes(test.status), UnorderedElementsAreArray(types));
    const auto delay = RetryDelayOf(test.status);
    EXPECT_EQ(delay.has_value(), test.retry == Retry::kYes);
    if (delay.has_value()) EXPECT_GT(*delay, absl::ZeroDuration());
  }
}

TEST(ErrorsTest, MakeEachReasonInExactlyOnePlace) {
  std::map<int, int> made;
  for (const ErrorCase& test : EveryError()) ++made[test.reason];
  const auto* const reasons = v1::ErrorReason_descriptor();
  for (int i = 0; i < reasons->value_count(); ++i) {
    const int reason = reasons->value(i)->number();
    EXPECT_EQ(made[reason], reason == v1::ERROR_REASON_UNSPECIFIED ? 0 : 1)
        << reasons->value(i)->name();
  }
}

TEST(ErrorsTest, NameEveryViolatedField) {
  const absl::Status status =
      InvalidFieldsError({{"subject", "is missing"}, {"scopes[1]", "is long"}});
  const auto details = Detail<google::rpc::BadRequest>(status, kBadRequestType);
  ASSERT_EQ(details.field_violations_size(), 2);
  EXPECT_EQ(details.field_violations(0).field(), "subject");
  EXPECT_EQ(details.field_violations(0).description(), "is missing");
  EXPECT_EQ(details.field_violations(1).field(), "scopes[1]");
  EXPECT_EQ(details.field_violations(1).description(), "is long");
  EXPECT_TRUE(absl::StrContains(status.message(), "subject is missing"));
  EXPECT_TRUE(absl::StrContains(status.message(), "scopes[1] is long"));
}

TEST(ErrorsTest, NameTheConnectionsReasonAsCause) {
  const auto* const reasons = v1::Connection::Reason_descriptor();
  for (int i = 0; i < reasons->value_count(); ++i) {
    const auto info = Detail<google::rpc::ErrorInfo>(
        ReauthorizationRequiredError(
            "google",
            static_cast<v1::Connection::Reason>(reasons->value(i)->number())),
        kErrorInfoType);
    EXPECT_EQ(absl::StrCat("REASON_", info.metadata().at("cause")),
              reasons->value(i)->name());
  }
}

TEST(ErrorsTest, TellHowLongToWaitForAProvider) {
  EXPECT_EQ(RetryDelayOf(ProviderUnavailableError("google", absl::Seconds(3))),
            absl::Seconds(3));
  EXPECT_EQ(
      RetryDelayOf(ProviderUnavailableError("google", absl::Milliseconds(1))),
      absl::Milliseconds(1));
}

TEST(ErrorsTest, AskNobodyToWaitWhereWaitingDoesNotHelp) {
  for (const absl::Duration none : {absl::ZeroDuration(), -absl::Seconds(1)}) {
    const absl::Status status = ProviderUnavailableError("google", none);
    EXPECT_EQ(RetryDelayOf(status), std::nullopt);
    EXPECT_THAT(DetailTypes(status), ElementsAre(std::string(kErrorInfoType)));
  }
}

TEST(ErrorsTest, HideWhatAStoreSaid) {
  const struct {
    StatusCode code;
    v1::ErrorReason reason;
  } cases[] = {
      {StatusCode::kNotFound, v1::ERROR_REASON_CONNECTION_NOT_FOUND},
      {StatusCode::kAborted, v1::ERROR_REASON_CONCURRENT_CHANGE},
      // A Keyring's: the key is missing, or something was changed.
      {StatusCode::kFailedPrecondition, v1::ERROR_REASON_RECORD_DAMAGED},
      {StatusCode::kDataLoss, v1::ERROR_REASON_RECORD_DAMAGED},
      {StatusCode::kUnavailable, v1::ERROR_REASON_STORAGE_UNAVAILABLE},
      {StatusCode::kUnknown, v1::ERROR_REASON_STORAGE_UNAVAILABLE},
      {StatusCode::kInternal, v1::ERROR_REASON_STORAGE_UNAVAILABLE},
  };
  for (const auto& test : cases) {
    const absl::Status mapped =
        FromStoreError(absl::Status(test.code, "/data/000123.sst"), "google");
    EXPECT_EQ(ReasonOf(mapped), test.reason) << static_cast<int>(test.code);
    EXPECT_FALSE(absl::StrContains(mapped.ToString(), "sst"));
  }
  EXPECT_TRUE(FromStoreError(absl::OkStatus(), "google").ok());
}

TEST(ErrorsTest, KnowNoReasonOfAStatusMadeElsewhere) {
  absl::Status damaged = absl::InternalError("x");
  damaged.SetPayload(kErrorInfoType, absl::Cord("\xff not a message"));
  absl::Status foreign = absl::InternalError("x");
  google::rpc::ErrorInfo info;
  info.set_reason("NO_SUCH_REASON");
  foreign.SetPayload(kErrorInfoType, absl::Cord(info.SerializeAsString()));
  for (const absl::Status& status :
       {absl::OkStatus(), absl::InternalError("x"), damaged, foreign}) {
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_UNSPECIFIED);
    EXPECT_EQ(RetryDelayOf(status), std::nullopt);
  }
}

TEST(ErrorsTest, NameAReasonWithoutItsPrefix) {
  EXPECT_EQ(ReasonName(v1::ERROR_REASON_INVALID_FIELD), "INVALID_FIELD");
  EXPECT_EQ(ReasonName(v1::ERROR_REASON_INTERNAL), "INTERNAL");
}

}  // namespace
}  // namespace tokenbroker
