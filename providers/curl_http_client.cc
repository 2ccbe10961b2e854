// SPDX-License-Identifier: Apache-2.0
#include "providers/curl_http_client.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "providers/egress.h"

namespace tokenbroker {
namespace {

constexpr size_t kMostIdle = 64;
// Room for an ordinary answer: growing would leave copies of tokens behind.
constexpr size_t kUsualBody = 16 << 10;

constexpr long kBundleLife = 3600;  // NOLINT(google-runtime-int): curl's

// Header lines may hold credentials.
struct WipeAndFree {
  void operator()(curl_slist* list) const {
    for (const curl_slist* line = list; line != nullptr; line = line->next) {
      memset(line->data, 0, strlen(line->data));
    }
    curl_slist_free_all(list);
  }
};
using HeaderList = std::unique_ptr<curl_slist, WipeAndFree>;

// What the callbacks see of one request.
struct Transfer {
  bool allow_loopback = false;
  bool dialled = false;
  bool refused_to_dial = false;
  bool too_large = false;
  bool head_is_whole = false;
  size_t header_bytes = 0;
  std::string body;
};

size_t ReceiveBody(char* data, size_t, size_t size, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  if (transfer->body.size() + size > kMaxResponseBytes) {
    transfer->too_large = true;
    return 0;
  }
  transfer->body.append(data, size);
  return size;
}

// curl keeps every header line, however many there are, and takes a head that
// breaks off for a whole one.
size_t ReceiveHeader(char* data, size_t, size_t size, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const absl::string_view line(data, size);
  // An interim answer (1xx) has a head of its own in front.
  if (absl::StartsWith(line, "HTTP/")) transfer->head_is_whole = false;
  if (line == "\r\n" || line == "\n") transfer->head_is_whole = true;
  transfer->header_bytes += size;
  if (transfer->header_bytes > kMaxResponseBytes) {
    transfer->too_large = true;
    return 0;
  }
  return size;
}

curl_socket_t OpenSocket(void* user, curlsocktype, curl_sockaddr* address) {
  auto* transfer = static_cast<Transfer*>(user);
  if (!MayDial(address->addr, transfer->allow_loopback)) {
    transfer->refused_to_dial = true;
    return CURL_SOCKET_BAD;
  }
  transfer->dialled = true;
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}

// For messages: nothing of the URL but its host may hold no secret.
std::string HostOf(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(
      curl_url(), curl_url_cleanup);
  char* host = nullptr;
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) {
    return "";
  }
  std::string name(host);
  curl_free(host);
  return name;
}

HeaderList MakeHeaders(const HttpRequest& request) {
  curl_slist* list = nullptr;
  for (const auto& [name, value] : request.headers) {
    std::string line = absl::StrCat(name, ": ", value.Reveal());
    list = curl_slist_append(list, line.c_str());
    WipeString(&line);
  }
  // Without this curl would ask before it sends a large body, and wait.
  list = curl_slist_append(list, "Expect:");
  // Nor does it call a body a form by itself, one that is empty above all.
  const bool has_type = std::any_of(
      request.headers.begin(), request.headers.end(), [](const auto& header) {
        return absl::EqualsIgnoreCase(header.first, "Content-Type");
      });
  if (!has_type) list = curl_slist_append(list, "Content-Type:");
  return HeaderList(list);
}

void SetOptions(CURL* handle, const HttpRequest& request, curl_slist* headers,
                Transfer* transfer) {
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR,
                   request.allow_loopback ? "http,https" : "https");
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "POST" || !request.body.empty()) {
    const absl::string_view body = request.body.Reveal();
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.data());
  }
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "token-broker");
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  // Of the system's authorities, the bundle and not the directory too: that
  // would be searched beside a `ca_file`, and keeps curl from remembering the
  // bundle, whose reading costs more than the rest of a request.
  curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  if (request.ca_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_CA_CACHE_TIMEOUT, kBundleLife);
  } else {
    curl_easy_setopt(handle, CURLOPT_CAINFO, request.ca_file.c_str());
    curl_easy_setopt(handle, CURLOPT_CA_CACHE_TIMEOUT, 0L);
  }
  curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(      // NOLINT(google-runtime-int): curl's
                       std::max<int64_t>(  // 0 would be no timeout
                           1, absl::ToInt64Milliseconds(request.timeout))));
  // Otherwise a name server that does not answer outlasts the timeout: curl
  // would wait for its resolver thread, which ends by itself.
  curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, OpenSocket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, ReceiveBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, ReceiveHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, transfer);
}

std::string HeaderOf(CURL* handle, const char* name) {
  curl_header* header = nullptr;
  if (curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &header) !=
      CURLHE_OK) {
    return "";
  }
  return header->value;
}

// Why a server's certificate was refused, in OpenSSL's words.
std::string CertificateFault(CURL* handle) {
  long result = X509_V_OK;  // NOLINT(google-runtime-int): curl's type
  curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &result);
  // The chain was fine or, with the host's name wrong, is not looked at.
  if (result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED) {
    return "certificate refused: for another host";
  }
  return absl::StrCat("certificate refused: ",
                      X509_verify_cert_error_string(result));
}

std::string FaultOf(CURL* handle, CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION ? CertificateFault(handle)
                                                : curl_easy_strerror(code);
}

absl::Status FailureOf(CURL* handle, CURLcode code, const Transfer& transfer,
                       const std::string& host) {
  const bool refused = transfer.refused_to_dial && !transfer.dialled;
  const std::string message =
      absl::StrCat(host, ": ",
                   refused              ? "must not be dialled at its address"
                   : transfer.too_large ? "answer larger than 256 KiB"
                                        : FaultOf(handle, code));
  if (refused || code == CURLE_UNSUPPORTED_PROTOCOL ||
      code == CURLE_URL_MALFORMAT) {
    return absl::InvalidArgumentError(message);
  }
  // Set when connection and TLS are up and the request is about to be sent.
  curl_off_t pretransfer = 0;
  curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
  return pretransfer == 0 ? absl::UnavailableError(message)
                          : absl::UnknownError(message);
}

}  // namespace

CurlHttpClient::CurlHttpClient() { curl_global_init(CURL_GLOBAL_DEFAULT); }

CurlHttpClient::~CurlHttpClient() {
  MutexLock lock(&mutex_);
  for (CURL* handle : idle_) curl_easy_cleanup(handle);
}

absl::StatusOr<HttpResponse> CurlHttpClient::Send(const HttpRequest& request) {
  CURL* handle = TakeHandle();
  if (handle == nullptr) return absl::UnavailableError("out of memory");
  const HeaderList headers = MakeHeaders(request);
  Transfer transfer{.allow_loopback = request.allow_loopback};
  transfer.body.reserve(kUsualBody);
  SetOptions(handle, request, headers.get(), &transfer);
  CURLcode code = curl_easy_perform(handle);
  if (code == CURLE_OK && !transfer.head_is_whole) code = CURLE_PARTIAL_FILE;
  absl::StatusOr<HttpResponse> result;
  if (code == CURLE_OK) {
    HttpResponse response;
    long status = 0;  // NOLINT(google-runtime-int): curl's type
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    response.content_type = HeaderOf(handle, "Content-Type");
    response.retry_after = HeaderOf(handle, "Retry-After");
    response.body = Secret::Take(&transfer.body);
    result = std::move(response);
  } else {
    result = FailureOf(handle, code, transfer, HostOf(request.url));
    WipeString(&transfer.body);
  }
  ReturnHandle(handle);
  return result;
}

CurlHttpClient::Handle CurlHttpClient::TakeHandle() {
  {
    MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      Handle handle = idle_.back();
      idle_.pop_back();
      return handle;
    }
  }
  return curl_easy_init();
}

void CurlHttpClient::ReturnHandle(Handle handle) {
  // Options go, names and TLS sessions stay.
  curl_easy_reset(handle);
  {
    MutexLock lock(&mutex_);
    if (idle_.size() < kMostIdle) {
      idle_.push_back(handle);
      return;
    }
  }
  curl_easy_cleanup(handle);
}

}  // namespace tokenbroker
