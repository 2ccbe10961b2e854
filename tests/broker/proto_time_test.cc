// SPDX-License-Identifier: Apache-2.0
#include "broker/proto_time.h"

#include <cstdint>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

TEST(ProtoTimeTest, WritesATimeAsSecondsAndNanoseconds) {
  const struct {
    absl::Time time;
    int64_t seconds;
    int32_t nanos;
  } cases[] = {
      {absl::UnixEpoch(), 0, 0},
      {absl::FromUnixMicros(1'800'000'000'000'001), 1'800'000'000, 1000},
      {absl::FromUnixMillis(1'500), 1, 500'000'000},
      // Nanoseconds count forward from the second before (timestamp.proto).
      {absl::FromUnixMicros(-1), -1, 999'999'000},
      {absl::FromUnixMillis(-1'500), -2, 500'000'000},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(ToProto(test.time).seconds(), test.seconds) << test.time;
    EXPECT_EQ(ToProto(test.time).nanos(), test.nanos) << test.time;
    EXPECT_EQ(FromProto(ToProto(test.time)), test.time);
  }
}

TEST(ProtoTimeTest, CutsATimeToWholeMicroseconds) {
  const absl::Time whole = absl::FromUnixMicros(1'800'000'000'123'456);
  EXPECT_EQ(FromProto(ToProto(whole + absl::Nanoseconds(999))), whole);
  EXPECT_EQ(ToProto(whole + absl::Nanoseconds(999)).nanos(), 123'456'000);
}

TEST(ProtoTimeTest, ClampsATimeToTheYearsOneTo9999) {
  // 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z (timestamp.proto).
  const google::protobuf::Timestamp first = ToProto(absl::InfinitePast());
  EXPECT_EQ(first.seconds(), -62135596800);
  EXPECT_EQ(first.nanos(), 0);
  const google::protobuf::Timestamp last = ToProto(absl::InfiniteFuture());
  EXPECT_EQ(last.seconds(), 253402300799);
  EXPECT_GE(last.nanos(), 0);
  EXPECT_LE(last.nanos(), 999'999'999);
}

TEST(ProtoTimeTest, WritesADurationWithOneSign) {
  const struct {
    absl::Duration duration;
    int64_t seconds;
    int32_t nanos;
  } cases[] = {
      {absl::ZeroDuration(), 0, 0},
      {absl::Seconds(90), 90, 0},
      {absl::Milliseconds(1'500), 1, 500'000'000},
      {absl::Nanoseconds(1), 0, 1},
      // Both parts carry the sign (duration.proto).
      {-absl::Milliseconds(1'500), -1, -500'000'000},
      {-absl::Milliseconds(500), 0, -500'000'000},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(ToProto(test.duration).seconds(), test.seconds) << test.duration;
    EXPECT_EQ(ToProto(test.duration).nanos(), test.nanos) << test.duration;
    EXPECT_EQ(FromProto(ToProto(test.duration)), test.duration);
  }
}

TEST(ProtoTimeTest, ClampsADurationToTenThousandYears) {
  // The bound that duration.proto names.
  EXPECT_EQ(ToProto(absl::InfiniteDuration()).seconds(), 315576000000);
  EXPECT_EQ(ToProto(-absl::InfiniteDuration()).seconds(), -315576000000);
}

TEST(ProtoTimeTest, ReadsAnAbsentMessageAsTheEpochAndNothing) {
  EXPECT_EQ(FromProto(google::protobuf::Timestamp()), absl::UnixEpoch());
  EXPECT_EQ(FromProto(google::protobuf::Duration()), absl::ZeroDuration());
}

}  // namespace
}  // namespace tokenbroker
