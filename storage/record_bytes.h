// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_STORAGE_RECORD_BYTES_H_
#define TOKENBROKER_STORAGE_RECORD_BYTES_H_

#include <string>

#include "absl/status/statusor.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace tokenbroker {

// A record as it goes to disk. kInvalidArgument if a text in it is not UTF-8:
// protobuf would write that, and never read it again.
absl::StatusOr<std::string> RecordBytes(
    const google::protobuf::Message& record);

}  // namespace tokenbroker

#endif  // TOKENBROKER_STORAGE_RECORD_BYTES_H_
