// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_PARAMETERS_H_
#define TOKENBROKER_PROVIDERS_PARAMETERS_H_

#include <google/protobuf/map.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/secret.h"

namespace tokenbroker {

// The parameters of a request, in the order in which they are sent. Any value
// may be a credential.
class Parameters {
 public:
  // Appends it, or puts the value in place of the one that has this name.
  Parameters& Set(absl::string_view name, absl::string_view value);

  // Gives parameters other names; those with an empty one are left out.
  void Rename(const google::protobuf::Map<std::string, std::string>& names);

  bool empty() const { return parameters_.empty(); }

  // application/x-www-form-urlencoded, for a body.
  Secret ToForm() const;
  // The same for a URL's query, with `%20` for a space, since some take a `+`
  // for one of their own.
  Secret ToQuery() const;
  // One JSON object of texts.
  Secret ToJson() const;

 private:
  std::vector<std::pair<std::string, Secret>> parameters_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_PARAMETERS_H_
