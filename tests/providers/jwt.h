// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_PROVIDERS_JWT_H_
#define TOKENBROKER_TESTS_PROVIDERS_JWT_H_

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tokenbroker {

// A compact JWS (RFC 7515 3.1) around `payload`, with a signature that is none.
inline std::string Jwt(absl::string_view payload) {
  return absl::StrCat(absl::WebSafeBase64Escape(R"({"alg":"RS256"})"), ".",
                      absl::WebSafeBase64Escape(payload), ".c2ln");
}

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_PROVIDERS_JWT_H_
