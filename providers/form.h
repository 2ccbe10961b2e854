// SPDX-License-Identifier: Apache-2.0
//
// application/x-www-form-urlencoded, as RFC 6749 Appendix B uses it for bodies,
// queries and credentials.
#ifndef TOKENBROKER_PROVIDERS_FORM_H_
#define TOKENBROKER_PROVIDERS_FORM_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/secret.h"

namespace tokenbroker {

// `text` with everything but letters, digits and `*-._` escaped, and spaces as
// `+`.
std::string FormEscape(absl::string_view text);

// The names and values in `text`, decoded; a broken escape stands for itself.
std::vector<std::pair<std::string, std::string>> ParseForm(
    absl::string_view text);

// A list of names and values, in the order in which they were added.
class Form {
 public:
  Form& Add(absl::string_view name, absl::string_view value);

  // `name=value&name=value`.
  const std::string& text() const { return text_; }
  // The same where it holds credentials. The form is empty afterwards.
  Secret TakeText() { return Secret::Take(&text_); }

 private:
  std::string text_;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_FORM_H_
