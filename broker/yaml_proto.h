// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_YAML_PROTO_H_
#define TOKENBROKER_BROKER_YAML_PROTO_H_

#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace tokenbroker {

// Reads YAML into `message`, whose fields are the schema: keys are field names,
// enum values are written without their prefix and in either case, durations as
// absl::ParseDuration reads them (`10s`, `250ms`). Supports what the messages
// of tokenbroker.config.v1 use.
//
// Refuses with kInvalidArgument and `FILE:LINE: what, and what to write
// instead`: unknown and duplicate keys, wrong types, bad values, missing
// values, aliases, tags, several documents, an empty document, more than 1 MiB,
// text that is not UTF-8 or holds control characters. No message repeats a
// value, for it may be a secret.
//
// If `lines` is given, it gets the line of every key and list item by its path
// (`providers[0].redirect_uris[1]`), for complaints that the schema cannot
// make.
using YamlLines = std::map<std::string, int, std::less<>>;

absl::Status YamlToProto(absl::string_view yaml, absl::string_view file_name,
                         google::protobuf::Message* message,
                         YamlLines* lines = nullptr);

// The line of `path`, or of the nearest value around it; 1 if there is none.
int LineOf(const YamlLines& lines, absl::string_view path);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_YAML_PROTO_H_
