// SPDX-License-Identifier: Apache-2.0
//
// The presets: what is true of a provider for everybody, as rows of data in
// catalogue/*.yaml, compiled into the binary.
#ifndef TOKENBROKER_PROVIDERS_CATALOGUE_H_
#define TOKENBROKER_PROVIDERS_CATALOGUE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// Immutable, hence thread-safe.
class Catalogue {
 public:
  struct Row {
    absl::string_view file_name;
    absl::string_view yaml;
  };

  // The rows that are compiled in.
  static std::vector<Row> EmbeddedRows();

  // kInvalidArgument with the place for a row that is not a preset: it sets
  // what belongs to a registration, lacks a name, or has another's.
  static absl::StatusOr<Catalogue> Create(const std::vector<Row>& rows);

  // The provider with what its preset says filled in where it says nothing
  // itself; lists and maps count as one value. Checks what a complete block
  // needs; kInvalidArgument names the provider and what to write.
  absl::StatusOr<config::v1::Provider> Resolve(
      const config::v1::Provider& configured) const;

  // The presets' names, sorted.
  std::vector<std::string> Names() const;

 private:
  std::map<std::string, config::v1::Provider> presets_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_CATALOGUE_H_
