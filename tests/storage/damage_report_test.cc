// SPDX-License-Identifier: Apache-2.0
#include "storage/damage_report.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

std::string Row(absl::string_view provider, absl::string_view rest) {
  return absl::StrCat(provider, absl::string_view("\0", 1), rest);
}

TEST(DamageReportTest, TellsEachPlaceOnce) {
  DamageReport report;
  for (int i = 0; i < 3; ++i) {
    report.Note("connections", Row("google", "ann"), "torn");
    report.Note("connections", Row("google", "bob"), "torn");
    report.Note("connections", "", "block 7");
    report.Note("connections", "", "block 8");
    EXPECT_EQ(report.Take().size(), i == 0 ? 4u : 0u);
  }
}

TEST(DamageReportTest, SaysWhoseRowItIsWhereTheRowSaysIt) {
  const struct {
    std::string table;
    std::string row;
    std::string provider;
    std::string subject;
  } cases[] = {
      {"connections", Row("google", "ann"), "google", "ann"},
      {"attempts", Row("google", Row("ann", "r")), "google", "ann"},
      {"attempts", Row("google", Row("ann", "c\x01")), "google", "ann"},
      {"attempts", "google", "google", ""},
      {"due", Row("google", "\x80"), "google", ""},
      {"authorizations", std::string(32, 'h'), "", ""},
      {"expiries", "x", "", ""},
      {"connections", "", "", ""},
  };
  for (const auto& test : cases) {
    DamageReport report;
    report.Note(test.table, test.row, "detail");
    const auto damage = report.Take();
    ASSERT_EQ(damage.size(), 1u);
    EXPECT_EQ(damage[0].table, test.table);
    EXPECT_EQ(damage[0].provider, test.provider);
    EXPECT_EQ(damage[0].subject, test.subject);
    EXPECT_EQ(damage[0].detail, "detail");
  }
}

TEST(DamageReportTest, RemembersSoManyPlacesAndSaysThatThereAreMore) {
  DamageReport report;
  for (size_t i = 0; i < 2 * DamageReport::kMostPlaces; ++i) {
    report.Note("connections", Row("google", absl::StrCat(i)), "torn");
  }
  const auto damage = report.Take();
  ASSERT_EQ(damage.size(), DamageReport::kMostPlaces);
  EXPECT_EQ(damage.back().detail, "more places are damaged than are told");
}

}  // namespace
}  // namespace tokenbroker
