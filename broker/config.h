// SPDX-License-Identifier: Apache-2.0
//
// The configuration file. Whether a provider's block is complete in itself
// (preset, endpoints, secret) is known in providers/, not here.
#ifndef TOKENBROKER_BROKER_CONFIG_H_
#define TOKENBROKER_BROKER_CONFIG_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/yaml_proto.h"
#include "tokenbroker/config/v1/config.pb.h"

namespace tokenbroker {

// Reads and checks the file. kInvalidArgument, or as ReadFile; the message says
// where, what is wrong and what to write instead.
absl::StatusOr<config::v1::Config> ReadConfig(const std::string& path);

// What the schema alone cannot say: required values, bounds, names that must
// differ or exist. `file_name` and `lines` stand in errors only.
absl::Status CheckConfig(const config::v1::Config& config,
                         absl::string_view file_name,
                         const YamlLines& lines = {});

// With the documented defaults.
absl::Duration DrainDelay(const config::v1::Config& config);
absl::Duration DrainGrace(const config::v1::Config& config);
int MaxConcurrentRequests(const config::v1::Provider& provider);
absl::Duration RequestTimeout(const config::v1::Provider& provider);
uint64_t LeastFreeBytes(const config::v1::Config& config);

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_CONFIG_H_
