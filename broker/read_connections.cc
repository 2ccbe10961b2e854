// SPDX-License-Identifier: Apache-2.0
#include "broker/read_connections.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "broker/clock.h"
#include "broker/connection_view.h"
#include "broker/damaged_connection.h"
#include "broker/errors.h"
#include "broker/keyring.h"
#include "broker/provider_directory.h"

namespace tokenbroker {
namespace {

constexpr int kDefaultPage = 50;
constexpr int kLargestPage = 1000;
constexpr size_t kMacSize = 16;

// No part holds a NUL.
std::string Joined(const ListRequest& page) {
  return absl::StrCat(absl::StrJoin(page.providers, ","),
                      absl::string_view("\0", 1), page.subject,
                      absl::string_view("\0", 1), page.after->provider,
                      absl::string_view("\0", 1), page.after->subject);
}

}  // namespace

ReadConnections::ReadConnections(const Seams& seams, Pace& pace)
    : seams_(seams), pace_(pace) {}

absl::StatusOr<v1::Connection> ReadConnections::Get(const ConnectionKey& key) {
  const auto record = GetToShow(seams_.store, key);
  if (!record.ok()) return FromStoreError(record.status(), key.provider);
  return View(*record);
}

absl::StatusOr<v1::ListConnectionsResponse> ReadConnections::List(
    const v1::ListConnectionsRequest& request,
    std::vector<std::string> readable) {
  ListRequest page{.providers = std::move(readable),
                   .subject = request.subject()};
  if (!request.provider().empty()) page.providers = {request.provider()};
  page.limit = request.page_size() == 0
                   ? kDefaultPage
                   : std::min(request.page_size(), kLargestPage);
  if (!request.page_token().empty() &&
      !ReadPageToken(request.page_token(), &page)) {
    return InvalidFieldsError(
        {{"page_token", "is not the next_page_token of the same list"}});
  }
  // One more tells whether there is a next page.
  ++page.limit;
  const auto records = seams_.store.List(page);
  if (!records.ok()) return FromStoreError(records.status(), "");

  v1::ListConnectionsResponse response;
  for (const auto& record : *records) {
    if (response.connections_size() == page.limit - 1) {
      const v1::Connection& last = *response.connections().rbegin();
      page.after = NamedKey(last.provider(), last.subject(), last.token_name());
      response.set_next_page_token(PageToken(page));
      break;
    }
    *response.add_connections() = View(record);
  }
  return response;
}

v1::Connection ReadConnections::View(
    const storage::v1::ConnectionRecord& record) {
  const std::string& name = record.connection().provider();
  const auto& configured = seams_.providers.List();
  const bool is_configured =
      std::any_of(configured.begin(), configured.end(),
                  [&name](const auto& row) { return row.name() == name; });
  return ViewOf(record,
                ProviderStanding{.configured = is_configured,
                                 .suspended = pace_.IsSuspended(name)},
                seams_.clock.TimeNow());
}

// The key behind which the next page starts, with a keyed hash over it and the
// filters.
std::string ReadConnections::PageToken(const ListRequest& page) const {
  const std::string mac =
      seams_.keyring.KeyedHash("page_token", Joined(page)).substr(0, kMacSize);
  return absl::WebSafeBase64Escape(absl::StrCat(mac, page.after->provider,
                                                absl::string_view("\0", 1),
                                                page.after->subject));
}

bool ReadConnections::ReadPageToken(absl::string_view token,
                                    ListRequest* page) const {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(token, &bytes) || bytes.size() < kMacSize) {
    return false;
  }
  const std::pair<std::string, std::string> after =
      absl::StrSplit(bytes.substr(kMacSize), absl::MaxSplits('\0', 1));
  page->after = ConnectionKey{after.first, after.second};
  return PageToken(*page) == token;
}

}  // namespace tokenbroker
