// SPDX-License-Identifier: Apache-2.0
#include "broker/connection_key.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

TEST(ConnectionKeyTest, TheMainPairIsNamedBySubjectAlone) {
  EXPECT_EQ(NamedKey("google", "ann", ""), (ConnectionKey{"google", "ann"}));
}

TEST(ConnectionKeyTest, SplitsWhatItWasMadeOf) {
  for (const std::string& subject :
       {std::string("ann"), std::string("a b"), std::string("\xea\xb9\x80"),
        std::string(512, 'x')}) {
    for (const std::string& token_name :
         {std::string(), std::string("user"), std::string(63, 'x')}) {
      const ConnectionKey key = NamedKey("google", subject, token_name);
      const SubjectParts parts = SplitSubject(key.subject);
      EXPECT_EQ(parts.subject, subject);
      EXPECT_EQ(parts.token_name, token_name);
      EXPECT_LE(key.subject.size(), 576u);
    }
  }
}

TEST(ConnectionKeyTest, SortsPairsBehindTheirMainOneAndBeforeOtherSubjects) {
  const std::vector<ConnectionKey> sorted = {
      NamedKey("google", "ann", ""),     NamedKey("google", "ann", "bot"),
      NamedKey("google", "ann", "user"), NamedKey("google", "ann b", ""),
      NamedKey("google", "anna", ""),    NamedKey("google", "anna", "bot"),
      NamedKey("google-acme", "a", ""),
  };
  EXPECT_TRUE(std::is_sorted(sorted.begin(), sorted.end()));
}

}  // namespace
}  // namespace tokenbroker
