// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/clock_contract.h"

#include <vector>

#include "absl/time/time.h"
#include "broker/proto_time.h"
#include "tests/threads.h"

namespace tokenbroker {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ClockContract);

namespace {

TEST_P(ClockContract, TellsATimeThatARecordCanHold) {
  const absl::Time now = clock().TimeNow();
  const absl::Time stored = FromProto(ToProto(now));
  EXPECT_LE(stored, now);
  EXPECT_LT(now - stored, absl::Microseconds(1));
}

TEST_P(ClockContract, NeverGoesBackForAnyOfManyThreads) {
  constexpr int kThreads = 8;
  std::vector<absl::Time> times(kThreads);
  const absl::Time before = clock().TimeNow();
  RunInThreads(kThreads, [&](int i) {
    times[i] = before;
    for (int read = 0; read < 1000; ++read) {
      const absl::Time now = clock().TimeNow();
      EXPECT_GE(now, times[i]);
      times[i] = now;
    }
  });
  for (const absl::Time time : times) {
    EXPECT_LT(time - before, absl::Hours(1));
  }
}

}  // namespace
}  // namespace tokenbroker
