// SPDX-License-Identifier: Apache-2.0
#include "broker/read_connections.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/errors.h"
#include "gtest/gtest.h"
#include "tests/world.h"

namespace tokenbroker {
namespace {

class ReadConnectionsTest : public testing::Test {
 protected:
  ReadConnectionsTest() {
    for (int i = 0; i < 5; ++i) world_.Connect(absl::StrCat("user-", i));
  }

  absl::StatusOr<v1::ListConnectionsResponse> List(
      const v1::ListConnectionsRequest& request,
      std::vector<std::string> readable = {"acme"}) {
    return world_.broker->read_connections.List(request, std::move(readable));
  }

  World world_;
};

TEST_F(ReadConnectionsTest, GetShowsNoToken) {
  const auto connection = world_.Read("user-1");
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ(connection->subject(), "user-1");
  EXPECT_EQ(connection->DebugString().find("at-1"), std::string::npos);
  EXPECT_EQ(connection->DebugString().find("rt-1"), std::string::npos);
}

TEST_F(ReadConnectionsTest, ListsEverythingInOrder) {
  const auto page = List({});
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->connections_size(), 5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(page->connections(i).subject(), absl::StrCat("user-", i));
  }
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(ReadConnectionsTest, PagesMeetEachConnectionOnce) {
  v1::ListConnectionsRequest request;
  request.set_page_size(2);
  std::vector<std::string> subjects;
  int pages = 0;
  do {
    const auto page = List(request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& connection : page->connections()) {
      subjects.push_back(connection.subject());
    }
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(subjects, (std::vector<std::string>{"user-0", "user-1", "user-2",
                                                "user-3", "user-4"}));
}

TEST_F(ReadConnectionsTest, ALastPageThatIsFullHasNoToken) {
  v1::ListConnectionsRequest request;
  request.set_page_size(5);
  EXPECT_EQ(List(request)->next_page_token(), "");
}

TEST_F(ReadConnectionsTest, FiltersBySubject) {
  v1::ListConnectionsRequest request;
  request.set_subject("user-3");
  const auto page = List(request);
  ASSERT_EQ(page->connections_size(), 1);
  EXPECT_EQ(page->connections(0).subject(), "user-3");
}

TEST_F(ReadConnectionsTest, ShowsOnlyReadableProviders) {
  EXPECT_EQ(List({}, {"other"})->connections_size(), 0);
}

TEST_F(ReadConnectionsTest, APageTokenIsGoodForItsOwnListOnly) {
  v1::ListConnectionsRequest request;
  request.set_page_size(2);
  const std::string token = List(request)->next_page_token();
  v1::ListConnectionsRequest other = request;
  other.set_page_token(token);
  other.set_subject("user-4");
  EXPECT_EQ(ReasonOf(List(other).status()), v1::ERROR_REASON_INVALID_FIELD);
  request.set_page_token(token);
  EXPECT_EQ(ReasonOf(List(request, {"acme", "other"}).status()),
            v1::ERROR_REASON_INVALID_FIELD);
  for (const std::string forged : {"x", "AAAA", "not base64 !"}) {
    request.set_page_token(forged);
    EXPECT_EQ(ReasonOf(List(request).status()), v1::ERROR_REASON_INVALID_FIELD)
        << forged;
  }
}

TEST_F(ReadConnectionsTest, ListsEveryPairOfTokensBehindItsMainOne) {
  for (const char* token_name : {"user", "bot"}) {
    world_.Connect(World::Named(token_name, "user-1"));
  }
  for (const std::string subject : {"user-1", ""}) {
    v1::ListConnectionsRequest request;
    request.set_subject(subject);
    request.set_page_size(1);
    std::vector<std::string> names;
    do {
      const auto page = List(request);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const auto& connection : page->connections()) {
        if (connection.subject() == "user-1") {
          names.push_back(connection.token_name());
        }
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(names, (std::vector<std::string>{"", "bot", "user"})) << subject;
  }
}

}  // namespace
}  // namespace tokenbroker
