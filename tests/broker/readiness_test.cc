// SPDX-License-Identifier: Apache-2.0
#include "broker/readiness.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

TEST(ReadinessTest, IsReadyWhileEveryCheckIsOk) {
  Readiness readiness;
  absl::Status storage;
  absl::Status loop;
  readiness.Add("storage", [&] { return storage; });
  readiness.Add("due_loop", [&] { return loop; });
  EXPECT_TRUE(readiness.IsReady());
  storage = absl::UnavailableError("disk full");
  EXPECT_FALSE(readiness.IsReady());
  storage = absl::OkStatus();
  EXPECT_TRUE(readiness.IsReady());
  loop = absl::InternalError("stuck");
  EXPECT_FALSE(readiness.IsReady());
}

TEST(ReadinessTest, IsReadyWithoutAnyCheck) {
  EXPECT_TRUE(Readiness().IsReady());
}

TEST(ReadinessTest, IsNeverReadyAgainOnceItDrains) {
  Readiness readiness;
  readiness.Add("storage", [] { return absl::OkStatus(); });
  readiness.Drain();
  EXPECT_FALSE(readiness.IsReady());
  EXPECT_FALSE(readiness.IsReady());
}

TEST(ReadinessTest, ReportsEveryCheckAndTheDraining) {
  Readiness readiness;
  absl::Status full = absl::UnavailableError("disk full");
  readiness.Add("storage", [&] { return full; });
  readiness.Add("due_loop", [] { return absl::OkStatus(); });
  EXPECT_THAT(readiness.Report(),
              UnorderedElementsAre(Pair("storage", full),
                                   Pair("due_loop", absl::OkStatus()),
                                   Pair("draining", absl::OkStatus())));
  readiness.Drain();
  bool draining = false;
  for (const auto& [name, status] : readiness.Report()) {
    if (name == "draining") draining = !status.ok();
  }
  EXPECT_TRUE(draining);
}

}  // namespace
}  // namespace tokenbroker
