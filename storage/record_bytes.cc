// SPDX-License-Identifier: Apache-2.0
#include "storage/record_bytes.h"

#include <memory>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace tokenbroker {

absl::StatusOr<std::string> RecordBytes(
    const google::protobuf::Message& record) {
  std::string bytes = record.SerializeAsString();
  // Microseconds, beside a sync of a thousand.
  const std::unique_ptr<google::protobuf::Message> read_back(record.New());
  if (!read_back->ParseFromString(bytes)) {
    return absl::InvalidArgumentError("a record holds text that is not UTF-8");
  }
  return bytes;
}

}  // namespace tokenbroker
