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
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// Immutable, hence thread-safe.
class Catalogue {
 public:
  struct Row {
    std::string file_name;
    std::string yaml;
  };

  // The rows that are compiled in.
  static std::vector<Row> EmbeddedRows();

  // kInvalidArgument with the place for a row that is not a preset
  // (provider_check.h), or has the name of another.
  static absl::StatusOr<Catalogue> Create(const std::vector<Row>& rows);

  // The rows that are compiled in, and the files `*.yaml` in `directory`,
  // unless that is empty. Errors as of Create, or the directory cannot be read.
  static absl::StatusOr<Catalogue> Load(const std::string& directory);

  // The preset of that name, which lives as long as the catalogue.
  // kInvalidArgument names those whose names have `name` in them.
  absl::StatusOr<const config::v1::Provider*> Find(
      const std::string& name) const;

  // The provider with what its preset says filled in where it says nothing
  // itself; lists and maps count as one value. Checks what a complete block
  // needs; kInvalidArgument names the provider and what to write.
  absl::StatusOr<config::v1::Provider> Resolve(
      const config::v1::Provider& configured) const;

  // The presets' names, sorted.
  std::vector<std::string> Names() const;

  // By name.
  const std::map<std::string, config::v1::Provider>& presets() const {
    return presets_;
  }

 private:
  std::map<std::string, config::v1::Provider> presets_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_CATALOGUE_H_
