// SPDX-License-Identifier: Apache-2.0
#include "broker/event_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/mutex.h"
#include "broker/secret.h"
#include "gtest/gtest.h"
#include "tests/fakes/manual_clock.h"
#include "tests/threads.h"

namespace tokenbroker {
namespace {

using Level = EventLog::Level;

static_assert(
    std::is_constructible_v<EventLog::Field, const char*, std::string>);
static_assert(!std::is_constructible_v<EventLog::Field, const char*, Secret>);

class EventLogTest : public testing::Test {
 protected:
  // The only line so far, read as JSON.
  nlohmann::json Line() {
    EXPECT_TRUE(absl::EndsWith(text_, "\n"));
    EXPECT_EQ(std::count(text_.begin(), text_.end(), '\n'), 1) << text_;
    return nlohmann::json::parse(text_, nullptr, /*allow_exceptions=*/false);
  }

  ManualClock clock_{absl::FromUnixMillis(1'800'000'000'250)};
  std::string text_;
  const EventLog log_{clock_, [this](absl::string_view line) {
                        absl::StrAppend(&text_, line);
                      }};
};

TEST_F(EventLogTest, WritesOneJsonObjectALine) {
  log_.Write(Level::kInfo, "refresh",
             {{"provider", "google"}, {"generation", "7"}});
  const nlohmann::json line = Line();
  ASSERT_TRUE(line.is_object());
  EXPECT_EQ(line.size(), 5u);
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["event"], "refresh");
  EXPECT_EQ(line["provider"], "google");
  EXPECT_EQ(line["generation"], "7");
}

TEST_F(EventLogTest, NamesEachLevel) {
  const struct {
    Level level;
    const char* name;
  } cases[] = {{Level::kInfo, "info"},
               {Level::kWarning, "warning"},
               {Level::kError, "error"}};
  for (const auto& test : cases) {
    text_.clear();
    log_.Write(test.level, "x");
    EXPECT_EQ(Line()["level"], test.name);
  }
}

TEST_F(EventLogTest, TellsTheClocksTimeInUtc) {
  log_.Write(Level::kInfo, "x");
  const std::string text = Line()["time"];
  // 1,800,000,000 s after the epoch.
  EXPECT_TRUE(absl::StartsWith(text, "2027-01-15T08:00:00.25")) << text;
  EXPECT_TRUE(absl::EndsWith(text, "Z") || absl::EndsWith(text, "+00:00"))
      << text;
  absl::Time time;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, nullptr));
  EXPECT_EQ(time, clock_.TimeNow());
}

TEST_F(EventLogTest, KeepsHostileTextInItsField) {
  const std::string hostile = "a\nb\"}\r\n{\"level\":\"error\"}\t\\ \x01";
  log_.Write(Level::kInfo, "x", {{"detail", hostile}});
  const nlohmann::json line = Line();
  EXPECT_EQ(line["detail"], hostile);
  EXPECT_EQ(line["level"], "info");
}

TEST_F(EventLogTest, WritesALineEvenOfTextThatIsNotUtf8) {
  log_.Write(Level::kInfo, "x", {{"detail", "caf\xe9 \xff"}});
  const nlohmann::json line = Line();
  ASSERT_TRUE(line.is_object());
  EXPECT_TRUE(absl::StartsWith(line["detail"].get<std::string>(), "caf"));
}

TEST_F(EventLogTest, HandsOverWholeLinesFromManyThreads) {
  Mutex mutex;
  std::vector<std::string> lines;
  const EventLog log(clock_, [&](absl::string_view line) {
    MutexLock lock(&mutex);
    lines.emplace_back(line);
  });
  RunInThreads(8, [&log](int i) {
    const std::string name = absl::StrCat("thread", i);
    for (int n = 0; n < 100; ++n) {
      log.Write(Level::kInfo, name, {{"name", name}});
    }
  });
  ASSERT_EQ(lines.size(), 800u);
  for (const std::string& line : lines) {
    const auto json =
        nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(json.is_object()) << line;
    EXPECT_EQ(json["event"], json["name"]);
  }
}

}  // namespace
}  // namespace tokenbroker
