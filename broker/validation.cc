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
constexpr size_t kMostExtraParams = 32;
constexpr size_t kLongestExtraParam = 1024;
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

  void Add(absl::string_view field, absl::string_view description) {
    violations_.push_back({std::string(field), std::string(description)});
  }

  std::vector<FieldViolation> Take() { return std::move(violations_); }

 private:
  std::vector<FieldViolation> violations_;
};

template <typename Request>
std::vector<FieldViolation> ValidateKey(const Request& request) {
  Checks checks;
  checks.Provider(request.provider());
  checks.Subject(request.subject());
  return checks.Take();
}

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
  if (request.extra_params().size() > kMostExtraParams) {
    checks.Add("extra_params",
               absl::StrCat("must be at most ", kMostExtraParams));
  }
  for (const auto& [name, value] : request.extra_params()) {
    // A name that is no token is not repeated.
    const bool is_token = !name.empty() && name.size() <= kLongestName &&
                          std::all_of(name.begin(), name.end(), [](char c) {
                            return absl::ascii_isgraph(c);
                          });
    if (!is_token) {
      checks.Add("extra_params",
                 "must have names of 1 to 63 bytes of visible ASCII");
    } else {
      checks.Text(absl::StrCat("extra_params[", name, "]"), value,
                  kLongestExtraParam);
    }
  }
  checks.Text("login_hint", request.login_hint(), kLongestLoginHint);
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
  return checks.Take();
}

std::vector<FieldViolation> Validate(const v1::GetConnectionRequest& request) {
  return ValidateKey(request);
}

std::vector<FieldViolation> Validate(
    const v1::DeleteConnectionRequest& request) {
  return ValidateKey(request);
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
