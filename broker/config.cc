// SPDX-License-Identifier: Apache-2.0
#include "broker/config.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/files.h"
#include "broker/proto_time.h"
#include "broker/status_macros.h"
#include "broker/validation.h"
#include "broker/yaml_proto.h"

namespace tokenbroker {
namespace {

using config::v1::AccessRule;
using config::v1::Config;
using config::v1::Provider;

constexpr int kMostProviders = 1000;
constexpr int kMostRedirectUris = 100;
constexpr int kMostScopes = 100;
constexpr int kMostConcurrentRequests = 256;
constexpr int kMostRequestsPerMinute = 600'000;
constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kLeastWatermark = 64 * kMiB;
constexpr uint64_t kMostWatermark = kMiB << 30;

struct HostPort {
  std::string host;  // without brackets
  int port = 0;
};

// `host:port` or `[v6]:port`.
bool SplitAddress(absl::string_view address, HostPort* split) {
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) return false;
  absl::string_view host = address.substr(0, colon);
  const bool bracketed = absl::ConsumePrefix(&host, "[");
  if (bracketed != absl::ConsumeSuffix(&host, "]")) return false;
  if (host.empty() || (!bracketed && absl::StrContains(host, ':'))) {
    return false;
  }
  split->host = std::string(host);
  const absl::string_view port = address.substr(colon + 1);
  return port.find_first_not_of("0123456789") == absl::string_view::npos &&
         absl::SimpleAtoi(port, &split->port) && split->port <= 65535;
}

// `127.evil.example` is a name, not an address.
bool IsLoopback(const std::string& host) {
  in_addr address;
  return host == "localhost" || host == "::1" ||
         (inet_pton(AF_INET, host.c_str(), &address) == 1 &&
          ntohl(address.s_addr) >> 24 == 127);
}

// Whether a browser may be sent back to `uri`: absolute, https (http for
// loopback only), without fragment and userinfo (RFC 6749 3.1.2, RFC 9700 2.1).
bool IsRedirectUri(absl::string_view uri, bool allow_loopback) {
  if (uri.size() > 2048 || HasControlCharacter(uri) ||
      absl::StrContains(uri, ' ') || absl::StrContains(uri, '#')) {
    return false;
  }
  const bool https = absl::ConsumePrefix(&uri, "https://");
  if (!https && !absl::ConsumePrefix(&uri, "http://")) return false;
  const absl::string_view authority = uri.substr(0, uri.find_first_of("/?"));
  if (authority.empty() || absl::StrContains(authority, '@') ||
      absl::StrContains(authority, '\\')) {
    return false;
  }
  if (https) return true;
  if (allow_loopback) return true;
  HostPort split;
  return (SplitAddress(authority, &split) ||
          SplitAddress(absl::StrCat(authority, ":80"), &split)) &&
         IsLoopback(split.host);
}

// Collects nothing: the first complaint ends the check.
class Checker {
 public:
  Checker(absl::string_view file_name, const YamlLines& lines)
      : file_name_(file_name), lines_(lines) {}

  absl::Status Require(bool holds, absl::string_view path,
                       absl::string_view what) const {
    if (holds) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        file_name_, ":", LineOf(lines_, path), ": ", path, " ", what));
  }

  absl::Status Between(const google::protobuf::Duration& value,
                       absl::Duration least, absl::Duration most,
                       absl::string_view path) const {
    const absl::Duration duration = FromProto(value);
    return Require(duration >= least && duration <= most, path,
                   absl::StrCat("must be between ", absl::FormatDuration(least),
                                " and ", absl::FormatDuration(most)));
  }

 private:
  const absl::string_view file_name_;
  const YamlLines& lines_;
};

absl::Status CheckListeners(const Config& config, const Checker& checker) {
  const std::string& grpc = config.grpc().address();
  HostPort address;
  ABSL_RETURN_IF_ERROR(checker.Require(!grpc.empty(), "grpc.address",
                                       "is missing; write 127.0.0.1:7443"));
  const bool is_unix = absl::StartsWith(grpc, "unix:/");
  ABSL_RETURN_IF_ERROR(
      checker.Require(is_unix || SplitAddress(grpc, &address), "grpc.address",
                      "must be host:port, [v6]:port or unix:/path"));
  const auto& tls = config.grpc().tls();
  if (config.grpc().has_tls()) {
    ABSL_RETURN_IF_ERROR(checker.Require(
        !tls.certificate_file().empty() && !tls.private_key_file().empty() &&
            !tls.client_ca_file().empty(),
        "grpc.tls",
        "needs certificate_file, private_key_file and client_ca_file"));
  } else {
    ABSL_RETURN_IF_ERROR(checker.Require(
        is_unix || IsLoopback(address.host), "grpc.address",
        "may only be a loopback address or a unix socket without grpc.tls"));
  }
  ABSL_RETURN_IF_ERROR(checker.Require(!config.http().address().empty(),
                                       "http.address",
                                       "is missing; write 127.0.0.1:7480"));
  return checker.Require(SplitAddress(config.http().address(), &address),
                         "http.address", "must be host:port or [v6]:port");
}

absl::Status CheckProvider(const Provider& provider, const std::string& path,
                           const Checker& checker) {
  ABSL_RETURN_IF_ERROR(
      checker.Require(IsName(provider.name()), path + ".name",
                      "must be 1 to 63 bytes out of a-z, 0-9 and -"));
  ABSL_RETURN_IF_ERROR(checker.Require(
      !provider.client_id().empty() &&
          !HasControlCharacter(provider.client_id()),
      path + ".client_id", "is missing or holds control characters"));
  ABSL_RETURN_IF_ERROR(
      checker.Require(!provider.redirect_uris().empty() &&
                          provider.redirect_uris_size() <= kMostRedirectUris,
                      path + ".redirect_uris", "must be 1 to 100"));
  for (int i = 0; i < provider.redirect_uris_size(); ++i) {
    ABSL_RETURN_IF_ERROR(checker.Require(
        IsRedirectUri(provider.redirect_uris(i), provider.allow_loopback()),
        absl::StrCat(path, ".redirect_uris[", i, "]"),
        "must be an https URI (http for loopback hosts only) without "
        "fragment, user or spaces"));
  }
  ABSL_RETURN_IF_ERROR(checker.Require(provider.scopes_size() <= kMostScopes,
                                       path + ".scopes",
                                       "must be at most 100"));
  for (int i = 0; i < provider.scopes_size(); ++i) {
    ABSL_RETURN_IF_ERROR(checker.Require(
        IsScope(provider.scopes(i)), absl::StrCat(path, ".scopes[", i, "]"),
        "must be 1 to 512 bytes of visible ASCII without \" and \\"));
  }
  if (provider.has_request_timeout()) {
    ABSL_RETURN_IF_ERROR(
        checker.Between(provider.request_timeout(), absl::Milliseconds(100),
                        absl::Seconds(60), path + ".request_timeout"));
  }
  if (provider.has_rotation_grace()) {
    ABSL_RETURN_IF_ERROR(
        checker.Between(provider.rotation_grace(), absl::Seconds(1),
                        absl::Hours(24 * 400), path + ".rotation_grace"));
  }
  if (provider.refresh().has_idle_touch()) {
    ABSL_RETURN_IF_ERROR(checker.Between(provider.refresh().idle_touch(),
                                         absl::Hours(1), absl::Hours(24 * 400),
                                         path + ".refresh.idle_touch"));
  }
  ABSL_RETURN_IF_ERROR(checker.Require(
      !provider.has_max_concurrent_requests() ||
          (provider.max_concurrent_requests() >= 1 &&
           provider.max_concurrent_requests() <= kMostConcurrentRequests),
      path + ".max_concurrent_requests", "must be between 1 and 256"));
  ABSL_RETURN_IF_ERROR(checker.Require(
      !provider.has_max_requests_per_minute() ||
          (provider.max_requests_per_minute() >= 1 &&
           provider.max_requests_per_minute() <= kMostRequestsPerMinute),
      path + ".max_requests_per_minute", "must be between 1 and 600000"));
  return absl::OkStatus();
}

absl::Status CheckAccessRule(const AccessRule& rule, const std::string& path,
                             const std::set<std::string>& providers,
                             const Checker& checker) {
  ABSL_RETURN_IF_ERROR(checker.Require(!rule.callers().empty(),
                                       path + ".callers", "is missing"));
  for (int i = 0; i < rule.callers_size(); ++i) {
    ABSL_RETURN_IF_ERROR(checker.Require(
        !rule.callers(i).empty() && !absl::StrContains(rule.callers(i), '*'),
        absl::StrCat(path, ".callers[", i, "]"),
        "must be a whole SPIFFE ID or DNS name; there are no patterns"));
  }
  ABSL_RETURN_IF_ERROR(checker.Require(!rule.providers().empty(),
                                       path + ".providers", "is missing"));
  for (int i = 0; i < rule.providers_size(); ++i) {
    ABSL_RETURN_IF_ERROR(checker.Require(
        rule.providers(i) == "*" || providers.count(rule.providers(i)) != 0,
        absl::StrCat(path, ".providers[", i, "]"),
        "must name a configured provider, or be \"*\""));
  }
  return checker.Require(!rule.permissions().empty(), path + ".permissions",
                         "is missing");
}

}  // namespace

absl::StatusOr<Config> ReadConfig(const std::string& path) {
  ABSL_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path));
  Config config;
  YamlLines lines;
  ABSL_RETURN_IF_ERROR(YamlToProto(yaml, path, &config, &lines));
  ABSL_RETURN_IF_ERROR(CheckConfig(config, path, lines));
  return config;
}

absl::Status CheckConfig(const Config& config, absl::string_view file_name,
                         const YamlLines& lines) {
  const Checker checker(file_name, lines);
  ABSL_RETURN_IF_ERROR(CheckListeners(config, checker));
  ABSL_RETURN_IF_ERROR(checker.Require(
      !config.storage().rocksdb().path().empty(), "storage.rocksdb.path",
      "is missing; write a directory for the data"));
  ABSL_RETURN_IF_ERROR(checker.Require(
      LeastFreeBytes(config) >= kLeastWatermark &&
          LeastFreeBytes(config) <= kMostWatermark,
      "storage.rocksdb.least_free_mib", "must be between 64 and 1073741824"));
  ABSL_RETURN_IF_ERROR(checker.Require(
      !config.encryption().keyring_file().empty(), "encryption.keyring_file",
      "is missing; make one with: token-broker keygen --out FILE"));
  ABSL_RETURN_IF_ERROR(
      checker.Require(config.providers_size() <= kMostProviders, "providers",
                      "must be at most 1000"));
  std::set<std::string> names;
  for (int i = 0; i < config.providers_size(); ++i) {
    const std::string path = absl::StrCat("providers[", i, "]");
    ABSL_RETURN_IF_ERROR(CheckProvider(config.providers(i), path, checker));
    ABSL_RETURN_IF_ERROR(
        checker.Require(names.insert(config.providers(i).name()).second,
                        path + ".name", "is the name of two providers"));
  }
  for (int i = 0; i < config.access_size(); ++i) {
    ABSL_RETURN_IF_ERROR(CheckAccessRule(
        config.access(i), absl::StrCat("access[", i, "]"), names, checker));
  }
  ABSL_RETURN_IF_ERROR(checker.Between(config.drain().delay(),
                                       absl::ZeroDuration(), absl::Minutes(5),
                                       "drain.delay"));
  return checker.Between(config.drain().grace(), absl::ZeroDuration(),
                         absl::Minutes(5), "drain.grace");
}

absl::Duration DrainDelay(const Config& config) {
  return config.drain().has_delay() ? FromProto(config.drain().delay())
                                    : absl::Seconds(5);
}

absl::Duration DrainGrace(const Config& config) {
  return config.drain().has_grace() ? FromProto(config.drain().grace())
                                    : absl::Seconds(15);
}

int MaxConcurrentRequests(const Provider& provider) {
  return provider.has_max_concurrent_requests()
             ? provider.max_concurrent_requests()
             : 16;
}

absl::Duration RequestTimeout(const Provider& provider) {
  return provider.has_request_timeout() ? FromProto(provider.request_timeout())
                                        : absl::Seconds(15);
}

uint64_t LeastFreeBytes(const Config& config) {
  if (!config.storage().rocksdb().has_least_free_mib()) return 128 * kMiB;
  return kMiB * std::max(0, config.storage().rocksdb().least_free_mib());
}

}  // namespace tokenbroker
