// SPDX-License-Identifier: Apache-2.0
#include "broker/exit_code.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

TEST(ExitCodeTest, TellsAStarterWhatToMend) {
  const struct {
    absl::StatusCode code;
    int exit_code;
    const char* why;
  } cases[] = {
      {absl::StatusCode::kOk, 0, "clean"},
      {absl::StatusCode::kInvalidArgument, 64, "a bad value"},
      {absl::StatusCode::kNotFound, 64, "a missing file"},
      {absl::StatusCode::kAlreadyExists, 64, "a file in the way"},
      {absl::StatusCode::kFailedPrecondition, 64, "somebody else's directory"},
      {absl::StatusCode::kDataLoss, 65, "damaged data"},
      {absl::StatusCode::kUnavailable, 70, "the storage failed"},
      {absl::StatusCode::kInternal, 70, "a fault"},
      {absl::StatusCode::kUnknown, 70, "anything else"},
      {absl::StatusCode::kAborted, 73, "the data directory is in use"},
      {absl::StatusCode::kPermissionDenied, 78, "a key or a permission"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(ExitCodeOf(absl::Status(test.code, "")), test.exit_code)
        << test.why;
  }
}

TEST(ExitCodeTest, NeverCallsAnErrorClean) {
  for (int code = 1; code <= 16; ++code) {
    EXPECT_NE(ExitCodeOf(absl::Status(static_cast<absl::StatusCode>(code), "")),
              kExitClean)
        << code;
  }
}

TEST(ExitCodeTest, IsDocumentedByNumber) {
  EXPECT_EQ(kExitClean, 0);
  EXPECT_EQ(kExitCallRefused, 1);
  EXPECT_EQ(kExitUsage, 64);
  EXPECT_EQ(kExitDamaged, 65);
  EXPECT_EQ(kExitStorage, 70);
  EXPECT_EQ(kExitInUse, 73);
  EXPECT_EQ(kExitPermission, 78);
}

}  // namespace
}  // namespace tokenbroker
