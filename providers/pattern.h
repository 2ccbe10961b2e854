// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions of presets, in RE2's syntax: matching takes time that
// grows with the text only, whoever wrote it.
#ifndef TOKENBROKER_PROVIDERS_PATTERN_H_
#define TOKENBROKER_PROVIDERS_PATTERN_H_

#include "absl/strings/string_view.h"

namespace tokenbroker {

// Whether `pattern` is one; nothing is matched by one that is not.
bool IsPattern(absl::string_view pattern);

// Whether it matches the whole text.
bool MatchesWhole(absl::string_view pattern, absl::string_view text);

// Whether it matches somewhere in the text.
bool IsFoundIn(absl::string_view pattern, absl::string_view text);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_PATTERN_H_
