// SPDX-License-Identifier: Apache-2.0
#include "providers/id_token.h"

#include <optional>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "providers/json.h"

namespace tokenbroker {
namespace {

constexpr absl::Duration kLeeway = absl::Minutes(5);
constexpr size_t kLongestSub = 255;  // OpenID Connect Core 2
constexpr size_t kLongestEmail = 320;

absl::Status Refused(absl::string_view why) {
  return absl::InvalidArgumentError(why);
}

// The payload of a compact JWS (RFC 7515 3.1).
std::optional<nlohmann::json> Claims(absl::string_view id_token) {
  const std::vector<absl::string_view> parts = absl::StrSplit(id_token, '.');
  std::string payload;
  if (parts.size() != 3 || !absl::WebSafeBase64Unescape(parts[1], &payload)) {
    return std::nullopt;
  }
  return ParseJsonObject(payload);
}

// `aud` is one string or a list of them.
std::vector<std::string> AudienceOf(const nlohmann::json& claims) {
  const auto member = claims.find("aud");
  if (member == claims.end()) return {};
  if (member->is_string()) return {member->get<std::string>()};
  std::vector<std::string> audience;
  if (member->is_array()) {
    for (const auto& entry : *member) {
      if (entry.is_string()) audience.push_back(entry.get<std::string>());
    }
  }
  return audience;
}

bool Contains(const std::vector<std::string>& list, const std::string& value) {
  for (const std::string& entry : list) {
    if (entry == value) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<v1::Account> ReadIdToken(absl::string_view id_token,
                                        const IdTokenExpectation& expected) {
  if (id_token.empty()) return Refused("is missing");
  const std::optional<nlohmann::json> claims = Claims(id_token);
  if (!claims.has_value()) return Refused("is not a JWT");
  if (!expected.issuer.empty() &&
      StringMember(*claims, "iss") != expected.issuer) {
    return Refused("has another issuer");
  }
  const std::vector<std::string> audience = AudienceOf(*claims);
  if (!Contains(audience, expected.client_id)) {
    return Refused("is for another audience");
  }
  const std::string authorized_party = StringMember(*claims, "azp");
  if ((audience.size() > 1 || claims->contains("azp")) &&
      authorized_party != expected.client_id) {
    return Refused("is for another authorized party");
  }
  const auto expiry = claims->find("exp");
  if (expiry == claims->end() || !expiry->is_number() ||
      absl::UnixEpoch() + absl::Seconds(expiry->get<double>()) + kLeeway <=
          expected.now) {
    return Refused("has expired");
  }
  if (!expected.nonce.empty() &&
      StringMember(*claims, "nonce") != expected.nonce) {
    return Refused("has another nonce");
  }
  v1::Account account;
  account.set_id(StringMember(*claims, "sub"));
  if (account.id().empty() || account.id().size() > kLongestSub) {
    return Refused("names no user");
  }
  const std::string email = StringMember(*claims, "email");
  if (email.size() <= kLongestEmail) account.set_email(email);
  return account;
}

}  // namespace tokenbroker
