// SPDX-License-Identifier: Apache-2.0
//
// Seam: the configured providers.
#ifndef TOKENBROKER_BROKER_PROVIDER_DIRECTORY_H_
#define TOKENBROKER_BROKER_PROVIDER_DIRECTORY_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/provider.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// Thread-safe.
class ProviderDirectory {
 public:
  virtual ~ProviderDirectory() = default;

  // The settings of every configured provider in the order of names, presets
  // merged in, nothing discovered. No I/O; the reference lives as long as this.
  virtual const std::vector<config::v1::Provider>& List() const = 0;

  // The provider, ready to use. May fetch its metadata first, so it can block
  // for the provider's request timeout: call it on a worker.
  //
  // kNotFound: not configured. kUnavailable: its metadata is needed, was never
  // fetched, and is out of reach or wrong.
  virtual absl::StatusOr<std::shared_ptr<const Provider>> Find(
      absl::string_view name) = 0;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_PROVIDER_DIRECTORY_H_
