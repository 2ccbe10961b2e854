// SPDX-License-Identifier: Apache-2.0
#include "broker/validation.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tokenbroker {
namespace {

constexpr size_t kLongestName = 63;
constexpr size_t kLongestSubject = 512;
constexpr size_t kLongestRedirectUri = 2048;
constexpr int kMostScopes = 100;
constexpr size_t kLongestScope = 512;
constexpr size_t kMostParams = 32;
constexpr size_t kLongestExtraParam = 1024;
constexpr size_t kLongestVariable = 1024;
constexpr size_t kLongestOtherParam = 4096;
constexpr size_t kLongestLoginHint = 512;
constexpr size_t kLongestState = 512;
constexpr size_t kLongestCode = 4096;
constexpr size_t kLongestIss = 2048;
constexpr size_t kLongestError = 256;
constexpr size_t kLongestErrorDescription = 4096;
constexpr size_t kLongestToken = 16384;
constexpr size_t kLongestPageToken = 2048;
constexpr int64_t kLongestDurationSeconds = 315'576'000'000;

// Collects violations; each check adds at most one.
class Checks {
 public:
  void Provider(absl::string_view value) {
    if (!IsName(value)) {
      Add("provider", "must be 1 to 63 bytes out of a-z, 0-9 and -");
    }
  }

  void Subject(absl::string_view value) {
    if (value.empty()) {
      Add("subject", "must not be empty");
    } else {
      Text("subject", value, kLongestSubject);
    }
  }

  // At most `longest` bytes, no control character.
  void Text(absl::string_view field, absl::string_view value, size_t longest) {
    if (value.size() > longest) {
      Add(field, absl::StrCat("must be at most ", longest, " bytes"));
    } else if (HasControlCharacter(value)) {
      Add(field, "must not hold control characters");
    }
  }

  void Required(absl::string_view field, absl::string_view value,
                size_t longest) {
    if (value.empty()) {
      Add(field, "must not be empty");
    } else {
      Text(field, value, longest);
    }
  }

  // At most 32; names of 1 to 63 bytes of visible ASCII, values as in Text.
  template <typename Map>
  void Params(absl::string_view field, const Map& params, size_t longest) {
    if (params.size() > kMostParams) {
      Add(field, absl::StrCat("must be at most ", kMostParams));
    }
    for (const auto& [name, value] : params) {
      // A name that is no token is not repeated.
      const bool is_token = !name.empty() && name.size() <= kLongestName &&
                            std::all_of(name.begin(), name.end(), [](char c) {
                              return absl::ascii_isgraph(c);
                            });
      if (!is_token) {
        Add(field, "must have names of 1 to 63 bytes of visible ASCII");
      } else {
        Text(absl::StrCat(field, "[", name, "]"), value, longest);
      }
    }
  }

  void TokenName(absl::string_view value) {
    if (!value.empty() && !IsName(value)) {
      Add("token_name", "must be 1 to 63 bytes out of a-z, 0-9 and -");
    }
  }

  void Add(absl::string_view field, absl::string_view description) {
    violations_.push_back({std::string(field), std::string(description)});
  }

  std::vector<FieldViolation> Take() { return std::move(violations_); }

 private:
  std::vector<FieldViolation> violations_;
};

}  // namespace

std::vector<FieldViolation> Validate(
    const v1::StartAuthorizationRequest& request) {
  Checks checks;
  checks.Provider(request.provider());
  checks.Subject(request.subject());
  checks.Required("redirect_uri", request.redirect_uri(), kLongestRedirectUri);
  if (request.scopes_size() > kMostScopes) {
    checks.Add("scopes", absl::StrCat("must be at most ", kMostScopes));
  }
  for (int i = 0; i < request.scopes_size(); ++i) {
    if (!IsScope(request.scopes(i))) {
      checks.Add(absl::StrCat("scopes[", i, "]"),
                 "must be 1 to 512 bytes of visible ASCII without \" and \\");
    }
  }
  checks.Params("extra_params", request.extra_params(), kLongestExtraParam);
  checks.Text("login_hint", request.login_hint(), kLongestLoginHint);
  checks.Params("variables", request.variables(), kLongestVariable);
  return checks.Take();
}

std::vector<FieldViolation> Validate(
    const v1::CompleteAuthorizationRequest& request) {
  Checks checks;
  checks.Required("state", request.state(), kLongestState);
  if (request.error().empty()) {
    checks.Required("code", request.code(), kLongestCode);
  }
  checks.Text("iss", request.iss(), kLongestIss);
  checks.Text("error", request.error(), kLongestError);
  if (request.error_description().size() > kLongestErrorDescription) {
    checks.Add(
        "error_description",
        absl::StrCat("must be at most ", kLongestErrorDescription, " bytes"));
  }
  checks.Params("other_params", request.other_params(), kLongestOtherParam);
  // Beside its field it would go unchecked.
  for (const char* name :
       {"state", "code", "iss", "error", "error_description"}) {
    if (request.other_params().contains(name)) {
      checks.Add(absl::StrCat("other_params[", name, "]"),
                 "has a field of its own");
    }
  }
  return checks.Take();
}

std::vector<FieldViolation> Validate(const v1::GetAccessTokenRequest& request) {
  Checks checks;
  checks.Provider(request.provider());
  checks.Subject(request.subject());
  if (request.has_min_ttl()) {
    const auto& min_ttl = request.min_ttl();
    if (min_ttl.seconds() < 0 || min_ttl.nanos() < 0) {
      checks.Add("min_ttl", "must not be negative");
    } else if (min_ttl.seconds() > kLongestDurationSeconds ||
               min_ttl.nanos() > 999'999'999) {
      checks.Add("min_ttl", "must be a valid google.protobuf.Duration");
    }
  }
  checks.Text("rejected_access_token", request.rejected_access_token(),
              kLongestToken);
  checks.TokenName(request.token_name());
  return checks.Take();
}

std::vector<FieldViolation> Validate(const v1::GetConnectionRequest& request) {
  Checks checks;
  checks.Provider(request.provider());
  checks.Subject(request.subject());
  checks.TokenName(request.token_name());
  return checks.Take();
}

std::vector<FieldViolation> Validate(
    const v1::DeleteConnectionRequest& request) {
  Checks checks;
  checks.Provider(request.provider());
  checks.Subject(request.subject());
  return checks.Take();
}

std::vector<FieldViolation> Validate(
    const v1::ListConnectionsRequest& request) {
  Checks checks;
  if (request.page_size() < 0) {
    checks.Add("page_size", "must not be negative");
  }
  checks.Text("page_token", request.page_token(), kLongestPageToken);
  if (!request.provider().empty()) checks.Provider(request.provider());
  if (!request.subject().empty()) checks.Subject(request.subject());
  return checks.Take();
}

std::vector<FieldViolation> Validate(const v1::ListProvidersRequest&) {
  return {};
}

bool IsName(absl::string_view text) {
  return !text.empty() && text.size() <= kLongestName &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

bool IsScope(absl::string_view text) {
  return !text.empty() && text.size() <= kLongestScope &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isgraph(c) && c != '"' && c != '\\';
         });
}

bool HasControlCharacter(absl::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_iscntrl(c); });
}

}  // namespace tokenbroker
