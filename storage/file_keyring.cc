// SPDX-License-Identifier: Apache-2.0
#include "storage/file_keyring.h"

#include <sodium.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "broker/random.h"
#include "broker/status_macros.h"
#include "broker/yaml_proto.h"
#include "storage/aead.h"
#include "storage/keyring_file.h"
#include "tokenbroker/config/v1/keyring.pb.h"

namespace tokenbroker {
namespace {

using storage::v1::Sealed;

constexpr int kFormat = 1;
constexpr size_t kHashBytes = 32;
static_assert(GuardedKey::kBytes == kAeadKeyBytes);

// The message as read, whose secrets are wiped in any case.
struct ParsedKeyring {
  ParsedKeyring() = default;
  ParsedKeyring(const ParsedKeyring&) = delete;
  ParsedKeyring& operator=(const ParsedKeyring&) = delete;
  ~ParsedKeyring() {
    for (config::v1::Key& key : *message.mutable_keys()) {
      WipeString(key.mutable_secret());
    }
    WipeString(message.mutable_index_key());
  }

  config::v1::Keyring message;
};

bool IsKeyId(absl::string_view id) {
  return !id.empty() && id.size() <= 63 &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

// Parts with their lengths, so that no byte can move from one to the next.
std::string Join(std::initializer_list<absl::string_view> parts) {
  std::string joined;
  for (const absl::string_view part : parts) {
    absl::StrAppend(&joined, part.size(), ":", part);
  }
  return joined;
}

std::string AssociatedData(const Sealed& sealed, absl::string_view context) {
  return Join({absl::StrCat(sealed.format()), sealed.key_id(), context});
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileKeyring>> FileKeyring::Load(
    const std::string& path, Random& random) {
  ABSL_ASSIGN_OR_RETURN(const Secret contents, ReadKeyringFile(path));
  return Parse(contents.Reveal(), random, path);
}

absl::StatusOr<std::unique_ptr<FileKeyring>> FileKeyring::Parse(
    absl::string_view contents, Random& random, absl::string_view file_name) {
  ParsedKeyring parsed;
  YamlLines lines;
  ABSL_RETURN_IF_ERROR(
      YamlToProto(contents, file_name, &parsed.message, &lines));
  // "FILE:LINE: FIELD WHAT"
  const auto at = [&](absl::string_view field, const absl::Status& what) {
    return absl::Status(what.code(),
                        absl::StrCat(file_name, ":", LineOf(lines, field), ": ",
                                     field, " ", what.message()));
  };

  Keys keys;
  for (int i = 0; i < parsed.message.keys_size(); ++i) {
    const config::v1::Key& key = parsed.message.keys(i);
    const std::string id = absl::StrCat("keys[", i, "].id");
    if (!IsKeyId(key.id())) {
      return at(id, absl::InvalidArgumentError(
                        "is not 1 to 63 bytes out of a-z 0-9 -"));
    }
    absl::StatusOr<GuardedKey> secret = GuardedKey::FromBase64(key.secret());
    if (!secret.ok()) {
      return at(absl::StrCat("keys[", i, "].secret"), secret.status());
    }
    if (!keys.emplace(key.id(), *std::move(secret)).second) {
      return at(id, absl::InvalidArgumentError("is taken by a key above"));
    }
  }
  if (keys.find(parsed.message.primary_key_id()) == keys.end()) {
    return at("primary_key_id",
              absl::InvalidArgumentError("names none of the keys"));
  }
  absl::StatusOr<GuardedKey> index_key =
      GuardedKey::FromBase64(parsed.message.index_key());
  if (!index_key.ok()) return at("index_key", index_key.status());
  return std::unique_ptr<FileKeyring>(
      new FileKeyring(parsed.message.primary_key_id(), std::move(keys),
                      *std::move(index_key), random));
}

FileKeyring::FileKeyring(std::string primary_key_id, Keys keys,
                         GuardedKey index_key, Random& random)
    : primary_key_id_(std::move(primary_key_id)),
      keys_(std::move(keys)),
      index_key_(std::move(index_key)),
      random_(random) {}

Sealed FileKeyring::Seal(absl::string_view context,
                         const Secret& secret) const {
  Sealed sealed;
  sealed.set_format(kFormat);
  sealed.set_key_id(primary_key_id_);
  AeadMessage message =
      AeadSeal(keys_.find(primary_key_id_)->second.bytes(),
               AssociatedData(sealed, context), secret, random_);
  sealed.set_nonce(std::move(message.nonce));
  sealed.set_ciphertext(std::move(message.ciphertext));
  return sealed;
}

absl::StatusOr<Secret> FileKeyring::Open(absl::string_view context,
                                         const Sealed& sealed) const {
  if (sealed.format() != kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a secret is sealed in the unknown format ", sealed.format()));
  }
  const auto key = keys_.find(sealed.key_id());
  if (key == keys_.end()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the keyring lacks key `", absl::CHexEscape(sealed.key_id()), "`"));
  }
  return AeadOpen(key->second.bytes(), AssociatedData(sealed, context),
                  sealed.nonce(), sealed.ciphertext());
}

std::string FileKeyring::KeyedHash(absl::string_view context,
                                   absl::string_view data) const {
  std::string input = Join({context, data});
  std::string hash(kHashBytes, '\0');
  // Always succeeds with these lengths.
  crypto_generichash(
      reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
      reinterpret_cast<const unsigned char*>(input.data()), input.size(),
      reinterpret_cast<const unsigned char*>(index_key_.bytes().data()),
      GuardedKey::kBytes);
  WipeString(&input);
  return hash;
}

}  // namespace tokenbroker
