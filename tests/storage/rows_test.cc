// SPDX-License-Identifier: Apache-2.0
#include "storage/rows.h"

#include <string>
#include <vector>

#include "broker/proto_time.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

using storage::v1::AttemptRecord;

// A string with NULs in it.
template <size_t n>
std::string Bytes(const char (&literal)[n]) {
  return std::string(literal, n - 1);
}

AttemptRecord Attempt(AttemptRecord::Kind kind, const std::string& id) {
  AttemptRecord attempt;
  attempt.set_kind(kind);
  attempt.set_id(id);
  attempt.set_provider("google");
  attempt.set_subject("ann");
  return attempt;
}

TEST(RowsTest, AreSpelledAsTheReadmeSays) {
  const ConnectionKey ann = {"google", "ann"};
  const absl::Time time = absl::FromUnixMicros(0x0102030405060708);
  EXPECT_EQ(ConnectionRow(ann), Bytes("google\0ann"));
  // Beyond the year 9999, so it is clamped: 253402300799000000 microseconds.
  EXPECT_EQ(DueRow(ann, absl::InfiniteFuture()),
            Bytes("google\0\x83\x84\x44\x0c\xcc\x64\x1d\xc0"
                  "ann"));
  EXPECT_EQ(DueRow(ann, absl::UnixEpoch()),
            Bytes("google\0\x80\0\0\0\0\0\0\0ann"));
  EXPECT_EQ(DueRow(ann, time), Bytes("google\0\x81\x02\x03\x04\x05\x06\x07\x08"
                                     "ann"));
  EXPECT_EQ(DueRow(ann, absl::FromUnixMicros(-1)),
            Bytes("google\0\x7f\xff\xff\xff\xff\xff\xff\xff"
                  "ann"));
  EXPECT_EQ(AttemptRow(Attempt(AttemptRecord::KIND_REFRESH, "id")),
            Bytes("google\0ann\0r"));
  EXPECT_EQ(AttemptRow(Attempt(AttemptRecord::KIND_CODE, "id")),
            Bytes("google\0ann\0cid"));
  EXPECT_EQ(ExpiryRow("hash", absl::UnixEpoch()),
            Bytes("\x80\0\0\0\0\0\0\0hash"));
}

TEST(RowsTest, OfConnectionsSortAsTheirKeysDo) {
  const std::vector<ConnectionKey> sorted = {
      {"a", "z"},           {"google", "\x01"}, {"google", "a"},
      {"google", "a\x01"},  {"google", "ab"},   {"google", "\xff"},
      {"google-acme", "a"}, {"google0", "a"},   {"z", "a"}};
  for (size_t i = 1; i < sorted.size(); ++i) {
    ASSERT_LT(sorted[i - 1], sorted[i]);
    EXPECT_LT(ConnectionRow(sorted[i - 1]), ConnectionRow(sorted[i]));
  }
}

TEST(RowsTest, OfDueConnectionsSortByTimeThenSubject) {
  const absl::Time now = absl::FromUnixSeconds(1795430000);
  const struct {
    absl::Time time;
    const char* subject;
  } sorted[] = {
      {absl::InfinitePast(), "z"},
      {absl::FromUnixMicros(-256), "y"},
      {absl::FromUnixMicros(-1), "x"},
      {absl::UnixEpoch(), "w"},
      {absl::FromUnixMicros(1), "v"},
      {absl::FromUnixMicros(255), "u"},
      {absl::FromUnixMicros(256), "t"},
      {now, "a"},
      {now, "b"},
      {now + absl::Microseconds(1), "a"},
      {absl::InfiniteFuture(), "a"},
  };
  for (size_t i = 1; i < std::size(sorted); ++i) {
    EXPECT_LT(DueRow({"p", sorted[i - 1].subject}, sorted[i - 1].time),
              DueRow({"p", sorted[i].subject}, sorted[i].time))
        << i;
  }
}

TEST(RowsTest, OfDueConnectionsAreReadBack) {
  const absl::Time times[] = {absl::FromUnixMicros(-5), absl::UnixEpoch(),
                              absl::FromUnixMicros(1795430000123456)};
  for (const absl::Time time : times) {
    for (const std::string& subject :
         {std::string("a"), std::string("\xff"), std::string(512, 'x')}) {
      const auto entry = ParseDueRow(DueRow({"google", subject}, time));
      ASSERT_TRUE(entry.has_value());
      EXPECT_EQ(entry->refresh_time, time);
      EXPECT_EQ(entry->key, (ConnectionKey{"google", subject}));
    }
  }
}

TEST(RowsTest, ThatAreNoneAreRefused) {
  EXPECT_FALSE(ParseDueRow("").has_value());
  EXPECT_FALSE(ParseDueRow("google").has_value());
  EXPECT_FALSE(ParseDueRow(Bytes("google\0")).has_value());
  EXPECT_FALSE(ParseDueRow(Bytes("google\0"
                                 "12345678"))
                   .has_value());
  EXPECT_FALSE(ParseExpiryRow("").has_value());
  EXPECT_FALSE(ParseExpiryRow("12345678").has_value());
}

TEST(RowsTest, OfExpiriesSortByTimeAndAreReadBack) {
  const absl::Time early = absl::FromUnixMicros(1795430000123456);
  const absl::Time late = early + absl::Microseconds(1);
  EXPECT_LT(ExpiryRow("zzz", early), ExpiryRow("aaa", late));
  const auto expiry = ParseExpiryRow(ExpiryRow("hash", early));
  ASSERT_TRUE(expiry.has_value());
  EXPECT_EQ(expiry->time, early);
  EXPECT_EQ(expiry->state_hash, "hash");
}

TEST(RowsTest, EndWhereTheyShould) {
  const absl::Time time = absl::FromUnixSeconds(1795430000);
  const std::string subject(512, '\xff');
  EXPECT_GT(DueRowsEnd("p", time), DueRow({"p", subject}, time));
  EXPECT_LE(DueRowsEnd("p", time),
            DueRow({"p", "\x01"}, time + absl::Microseconds(1)));
  EXPECT_GT(DueRowsEnd("p", absl::InfiniteFuture()),
            DueRow({"p", subject}, absl::InfiniteFuture()));
  EXPECT_LT(DueRowsEnd("p", absl::InfiniteFuture()),
            DueRow({"p-q", "\x01"}, absl::InfinitePast()));
  EXPECT_LE(ExpiryRowsEnd(time), ExpiryRow("", time));
  EXPECT_GT(ExpiryRowsEnd(time),
            ExpiryRow(subject, time - absl::Microseconds(1)));
}

TEST(RowsTest, PrefixesHoldTheirOwnRowsOnly) {
  const auto within = [](const std::string& prefix, const std::string& row) {
    return prefix <= row && row < BehindPrefix(prefix);
  };
  const std::string google = ProviderPrefix("google");
  EXPECT_TRUE(within(google, ConnectionRow({"google", "\x01"})));
  EXPECT_TRUE(within(google, ConnectionRow({"google", "\xff"})));
  EXPECT_FALSE(within(google, ConnectionRow({"google-acme", "a"})));
  EXPECT_FALSE(within(google, ConnectionRow({"googl", "e"})));

  const std::string ann = AttemptsPrefix({"google", "ann"});
  AttemptRecord attempt = Attempt(AttemptRecord::KIND_CODE, "\xff\xff");
  EXPECT_TRUE(within(ann, AttemptRow(attempt)));
  for (const char* neighbour : {"an", "anna", "ann\x01", "ann "}) {
    attempt.set_subject(neighbour);
    EXPECT_FALSE(within(ann, AttemptRow(attempt))) << neighbour;
  }
}

TEST(RowsTest, HaveNothingBetweenARowAndWhatIsBehindIt) {
  EXPECT_LT(std::string("row"), Behind("row"));
  EXPECT_LT(Behind("row"), std::string("row\x01"));
  EXPECT_EQ(Behind("row").size(), 4u);
}

TEST(RowsTest, TellWhoseTheyAreAsFarAsTheyKnow) {
  const ConnectionKey ann = {"google", "ann"};
  EXPECT_EQ(ParseConnectionRow(ConnectionRow(ann)), ann);
  EXPECT_EQ(OwnerOfRow("connections", ConnectionRow(ann)), ann);
  EXPECT_EQ(OwnerOfRow("attempts", RefreshRow(ann)), ann);
  EXPECT_EQ(OwnerOfRow("due", DueRow(ann, absl::UnixEpoch())),
            (ConnectionKey{"google", ""}));
  EXPECT_EQ(OwnerOfRow("expiries", "google"), ConnectionKey());
}

}  // namespace
}  // namespace tokenbroker
