// SPDX-License-Identifier: Apache-2.0
#include "providers/client_credentials.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/files.h"
#include "broker/status_macros.h"
#include "broker/validation.h"
#include "providers/provider_error.h"

namespace tokenbroker {
namespace {

using Settings = config::v1::Provider;

absl::StatusOr<Secret> ReadSecretFile(const Settings& settings,
                                      absl::string_view field,
                                      const std::string& path) {
  absl::StatusOr<std::string> contents = ReadFile(path);
  if (contents.ok()) return Secret::Take(&*contents);
  return absl::Status(contents.status().code(),
                      absl::StrCat("provider ", settings.name(), ": ", field,
                                   ": ", contents.status().message()));
}

absl::StatusOr<Secret> ReadClientSecret(const Settings& settings) {
  const std::string& path = settings.client_secret_file();
  ABSL_ASSIGN_OR_RETURN(const Secret whole,
                        ReadSecretFile(settings, "client_secret_file", path));
  const absl::string_view line =
      absl::StripSuffix(absl::StripSuffix(whole.Reveal(), "\n"), "\r");
  if (line.empty() || HasControlCharacter(line)) {
    return ProviderError(
        settings, absl::StrCat("client_secret_file ", path,
                               " must hold the secret on one line and nothing "
                               "else"));
  }
  return Secret(line);
}

// The sentence of the preset that tells where to get what is missing.
std::string Hint(const Settings& settings) {
  if (settings.notes().registration().empty()) return "";
  return absl::StrCat(" (", settings.notes().registration(), ")");
}

absl::Status CheckKeyFields(const Settings& settings) {
  const bool is_signed_secret =
      settings.token_endpoint_auth_method() ==
      config::v1::CLIENT_AUTH_METHOD_SIGNED_CLIENT_SECRET;
  if (settings.private_key_file().empty()) {
    return ProviderError(
        settings, absl::StrCat("private_key_file is missing: requests are "
                               "signed with it",
                               Hint(settings)));
  }
  if (settings.key_id().empty() &&
      (is_signed_secret || settings.certificate_file().empty())) {
    return ProviderError(
        settings,
        absl::StrCat("key_id is missing: the provider's name for the private "
                     "key",
                     is_signed_secret ? "" : ", or certificate_file",
                     Hint(settings)));
  }
  return absl::OkStatus();
}

absl::Status ReadKey(const Settings& settings, ClientCredentials* credentials) {
  ABSL_RETURN_IF_ERROR(CheckKeyFields(settings));
  ABSL_ASSIGN_OR_RETURN(const Secret pem,
                        ReadSecretFile(settings, "private_key_file",
                                       settings.private_key_file()));
  absl::StatusOr<SigningKey> key = SigningKey::FromPem(pem);
  if (!key.ok()) {
    return ProviderError(
        settings, absl::StrCat("private_key_file ", settings.private_key_file(),
                               ": ", key.status().message()));
  }
  if (!settings.certificate_file().empty()) {
    ABSL_ASSIGN_OR_RETURN(const Secret certificate,
                          ReadSecretFile(settings, "certificate_file",
                                         settings.certificate_file()));
    absl::StatusOr<std::string> thumbprint =
        key->ThumbprintOf(certificate.Reveal());
    if (!thumbprint.ok()) {
      return ProviderError(
          settings,
          absl::StrCat("certificate_file ", settings.certificate_file(), ": ",
                       thumbprint.status().message()));
    }
    credentials->thumbprint = *std::move(thumbprint);
  }
  credentials->key = *std::move(key);
  return absl::OkStatus();
}

}  // namespace

bool IsSigned(config::v1::ClientAuthMethod method) {
  return method == config::v1::CLIENT_AUTH_METHOD_PRIVATE_KEY_JWT ||
         method == config::v1::CLIENT_AUTH_METHOD_SIGNED_CLIENT_SECRET;
}

absl::StatusOr<ClientCredentials> ReadCredentials(const Settings& settings) {
  const auto method = settings.token_endpoint_auth_method();
  const bool is_signed = IsSigned(method);
  const bool has_secret = !settings.client_secret_file().empty();
  if (!is_signed &&
      (!settings.private_key_file().empty() ||
       !settings.certificate_file().empty() || !settings.key_id().empty())) {
    return ProviderError(
        settings,
        "private_key_file, certificate_file and key_id are of use with "
        "token_endpoint_auth_method: private_key_jwt or "
        "signed_client_secret only");
  }
  if (is_signed || method == config::v1::CLIENT_AUTH_METHOD_NONE) {
    if (has_secret) {
      return ProviderError(settings,
                           absl::StrCat("client_secret_file is of no use with "
                                        "token_endpoint_auth_method: ",
                                        is_signed ? "private_key_jwt or "
                                                    "signed_client_secret"
                                                  : "none",
                                        "; remove one of them"));
    }
  } else if (!has_secret) {
    return ProviderError(
        settings,
        "client_secret_file is missing; a public client without a "
        "secret needs token_endpoint_auth_method: none");
  }
  ClientCredentials credentials;
  if (has_secret) {
    ABSL_ASSIGN_OR_RETURN(credentials.secret, ReadClientSecret(settings));
  }
  if (is_signed) ABSL_RETURN_IF_ERROR(ReadKey(settings, &credentials));
  return credentials;
}

}  // namespace tokenbroker
