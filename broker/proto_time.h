// SPDX-License-Identifier: Apache-2.0
//
// absl::Time and absl::Duration to their protobuf messages and back. Times are
// whole microseconds, so that a time survives the round trip and a place in an
// index; infinite ones are clamped to what a Timestamp can hold.
#ifndef TOKENBROKER_BROKER_PROTO_TIME_H_
#define TOKENBROKER_BROKER_PROTO_TIME_H_

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace tokenbroker {

google::protobuf::Timestamp ToProto(absl::Time time);
google::protobuf::Duration ToProto(absl::Duration duration);
absl::Time FromProto(const google::protobuf::Timestamp& timestamp);
absl::Duration FromProto(const google::protobuf::Duration& duration);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_PROTO_TIME_H_
