// SPDX-License-Identifier: Apache-2.0
#include "broker/proto_time.h"

#include <algorithm>

namespace tokenbroker {

google::protobuf::Timestamp ToProto(absl::Time time) {
  // The range of a Timestamp: years 1 to 9999.
  const absl::Time first = absl::FromUnixSeconds(-62135596800);
  const absl::Time last = absl::FromUnixSeconds(253402300799);
  const absl::Time clamped =
      absl::FromUnixMicros(absl::ToUnixMicros(std::clamp(time, first, last)));
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(absl::ToUnixSeconds(clamped));
  timestamp.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(
      clamped - absl::FromUnixSeconds(timestamp.seconds()))));
  return timestamp;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  // The range of a Duration: 10,000 years.
  const absl::Duration most = absl::Seconds(315576000000);
  duration = std::clamp(duration, -most, most);
  google::protobuf::Duration message;
  message.set_seconds(
      absl::IDivDuration(duration, absl::Seconds(1), &duration));
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return message;
}

absl::Time FromProto(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) +
         absl::Nanoseconds(timestamp.nanos());
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

}  // namespace tokenbroker
