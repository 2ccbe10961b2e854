// SPDX-License-Identifier: Apache-2.0
//
// Text with `{name}`s in it, as wire.proto defines templates.
#ifndef TOKENBROKER_PROVIDERS_TEMPLATE_H_
#define TOKENBROKER_PROVIDERS_TEMPLATE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/provider.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// Whether `name` has a meaning of its own in templates: `client_id`,
// `redirect_uri`, `state`.
bool IsTemplateWord(absl::string_view name);

// The names in `text`, in their order; kInvalidArgument if a brace has no
// partner.
absl::StatusOr<std::vector<std::string>> NamesIn(absl::string_view text);

// `text` with values for its names: `client_id`, `redirect_uri` (the first of
// the registration), else what the connection's `attributes` say, else the
// registration's variables, else the attribute's default. kFailedPrecondition
// names the one without a value.
absl::StatusOr<std::string> Expand(const config::v1::Provider& settings,
                                   absl::string_view text,
                                   const Attributes& attributes);

// The same for a URL: values are percent-encoded, but for one with which the
// template begins. kFailedPrecondition if the result is no endpoint's URL.
absl::StatusOr<std::string> ExpandUrl(const config::v1::Provider& settings,
                                      absl::string_view url,
                                      const Attributes& attributes);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_TEMPLATE_H_
