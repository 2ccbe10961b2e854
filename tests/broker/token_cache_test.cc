// SPDX-License-Identifier: Apache-2.0
#include "broker/token_cache.h"

#include <atomic>
#include <barrier>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/threads.h"

namespace tokenbroker {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const char* const kProvider = "google";

ConnectionKey Key(absl::string_view subject) {
  return {kProvider, std::string(subject)};
}

std::shared_ptr<const AccessToken> Token(int64_t generation,
                                         absl::Time refresh_time = kNow) {
  auto token = std::make_shared<AccessToken>();
  token->value = Secret(absl::StrCat("at-", generation));
  token->refresh_time = refresh_time;
  token->generation = generation;
  return token;
}

void Put(TokenCache& cache, const ConnectionKey& key, int64_t generation) {
  cache.Insert(key, cache.TakeTicket(key), Token(generation));
}

// The generation that is found; 0 if none is.
int64_t Found(TokenCache& cache, const ConnectionKey& key) {
  const auto token = cache.Find(key);
  return token == nullptr ? 0 : token->generation;
}

TEST(TokenCacheTest, FindsWhatWasInserted) {
  TokenCache cache(100);
  EXPECT_EQ(cache.Find(Key("alice")), nullptr);
  Put(cache, Key("alice"), 3);
  const auto token = cache.Find(Key("alice"));
  ASSERT_NE(token, nullptr);
  EXPECT_EQ(token->value.Reveal(), "at-3");
}

TEST(TokenCacheTest, KeepsKeysApart) {
  TokenCache cache(100);
  Put(cache, {"google", "alice"}, 1);
  Put(cache, {"kakao", "alice"}, 2);
  Put(cache, {"google", "bob"}, 3);
  EXPECT_EQ(Found(cache, {"google", "alice"}), 1);
  EXPECT_EQ(Found(cache, {"kakao", "alice"}), 2);
  EXPECT_EQ(Found(cache, {"google", "bob"}), 3);
  EXPECT_EQ(Found(cache, {"googlea", "lice"}), 0);
}

TEST(TokenCacheTest, NeverGoesBackToALowerGeneration) {
  TokenCache cache(100);
  Put(cache, Key("alice"), 2);
  Put(cache, Key("alice"), 1);
  EXPECT_EQ(Found(cache, Key("alice")), 2);
  Put(cache, Key("alice"), 3);
  EXPECT_EQ(Found(cache, Key("alice")), 3);
}

TEST(TokenCacheTest, TakesWhatAFailedRefreshChangedOfAGeneration) {
  TokenCache cache(100);
  Put(cache, Key("alice"), 2);
  cache.Insert(Key("alice"), cache.TakeTicket(Key("alice")),
               Token(2, kNow + absl::Minutes(1)));
  EXPECT_EQ(cache.Find(Key("alice"))->refresh_time, kNow + absl::Minutes(1));
}

TEST(TokenCacheTest, ErasesOneKey) {
  TokenCache cache(100);
  Put(cache, Key("alice"), 1);
  Put(cache, Key("bob"), 1);
  cache.Erase(Key("alice"));
  EXPECT_EQ(Found(cache, Key("alice")), 0);
  EXPECT_EQ(Found(cache, Key("bob")), 1);
  cache.Erase(Key("nobody"));
}

TEST(TokenCacheTest, DropsWhatWasReadBeforeAnErasure) {
  TokenCache cache(100);
  const TokenCache::Ticket before = cache.TakeTicket(Key("alice"));
  cache.Erase(Key("alice"));
  cache.Insert(Key("alice"), before, Token(9));
  EXPECT_EQ(Found(cache, Key("alice")), 0);
}

TEST(TokenCacheTest, TakesALowerGenerationAfterAnErasure) {
  // A connection that was deleted and made anew.
  TokenCache cache(100);
  Put(cache, Key("alice"), 9);
  cache.Erase(Key("alice"));
  Put(cache, Key("alice"), 1);
  EXPECT_EQ(Found(cache, Key("alice")), 1);
}

TEST(TokenCacheTest, HoldsNoMoreThanItsCapacity) {
  // Rounded up to a multiple of the 16 shards.
  for (const auto& [capacity, most] :
       {std::pair{16, 16}, std::pair{17, 32}, std::pair{32, 32}}) {
    TokenCache cache(capacity);
    for (int i = 0; i < 1000; ++i) Put(cache, Key(absl::StrCat(i)), 1);
    int found = 0;
    for (int i = 0; i < 1000; ++i) {
      if (Found(cache, Key(absl::StrCat(i))) != 0) ++found;
    }
    EXPECT_LE(found, most);
    EXPECT_GT(found, 0);
  }
}

TEST(TokenCacheTest, HoldsNothingWithoutCapacity) {
  TokenCache cache(0);
  Put(cache, Key("alice"), 1);
  EXPECT_EQ(cache.Find(Key("alice")), nullptr);
}

TEST(TokenCacheTest, KeepsTheMostRecentlyUsed) {
  TokenCache cache(32);  // two in each shard
  Put(cache, Key("used"), 1);
  Put(cache, Key("unused"), 1);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(Found(cache, Key("used")), 1) << i;
    Put(cache, Key(absl::StrCat(i)), 1);
  }
  EXPECT_EQ(Found(cache, Key("unused")), 0);
}

TEST(TokenCacheTest, PublishesInTheSteadOfWhatIsThere) {
  TokenCache cache(100);
  cache.Publish(Key("alice"), Token(1));
  EXPECT_EQ(cache.Find(Key("alice")), nullptr);
  EXPECT_FALSE(cache.Contains(Key("alice")));
  Put(cache, Key("alice"), 1);
  EXPECT_TRUE(cache.Contains(Key("alice")));
  cache.Publish(Key("alice"), Token(2));
  EXPECT_EQ(Found(cache, Key("alice")), 2);
  cache.Publish(Key("alice"), Token(1));
  EXPECT_EQ(Found(cache, Key("alice")), 2);
}

TEST(TokenCacheTest, PublishesWhateverWasErasedBeside) {
  TokenCache cache(100);
  Put(cache, Key("alice"), 1);
  for (int i = 0; i < 1000; ++i) cache.Erase(Key(absl::StrCat("other-", i)));
  cache.Publish(Key("alice"), Token(2));
  EXPECT_EQ(Found(cache, Key("alice")), 2);
}

TEST(TokenCacheTest, DropsWhatWasReadBeforeSomethingNewerWasPublished) {
  TokenCache cache(100);
  // Read, and not in memory yet, when the refresh is published.
  const TokenCache::Ticket reader = cache.TakeTicket(Key("alice"));
  cache.Publish(Key("alice"), Token(2));
  cache.Insert(Key("alice"), reader, Token(1));
  EXPECT_EQ(Found(cache, Key("alice")), 0);
}

TEST(TokenCacheTest, LeavesAFoundTokenToItsFinder) {
  TokenCache cache(100);
  Put(cache, Key("alice"), 1);
  const auto token = cache.Find(Key("alice"));
  cache.Erase(Key("alice"));
  EXPECT_EQ(token->value.Reveal(), "at-1");
}

TEST(TokenCacheTest, NeverShowsAThreadAnOlderTokenThanItSaw) {
  TokenCache cache(100);
  std::atomic<bool> went_back = false;
  RunInThreads(8, [&cache, &went_back](int i) {
    int64_t last = 0;
    for (int64_t n = 1; n <= 2000; ++n) {
      Put(cache, Key("alice"), n);
      Put(cache, Key(absl::StrCat(i, "-", n)), 1);
      const int64_t found = Found(cache, Key("alice"));
      // Others may have pushed it out; it was used a moment ago.
      if (found != 0 && found < last) went_back = true;
      if (found != 0) last = found;
    }
  });
  EXPECT_FALSE(went_back);
}

TEST(TokenCacheTest, NeverBringsBackWhatAThreadErased) {
  // Readers insert what they read while somebody deletes: once the deletion is
  // over, a ticket from before it is worth nothing.
  constexpr int kThreads = 8;
  TokenCache cache(100);
  std::atomic<bool> row_exists = true;
  int brought_back = 0;
  std::barrier step(kThreads);
  RunInThreads(kThreads, [&](int i) {
    for (int round = 0; round < 2000; ++round) {
      step.arrive_and_wait();
      if (i == 0) {
        row_exists = false;
        cache.Erase(Key("alice"));
      }
      for (int n = 0; i != 0 && n < 5; ++n) {
        const TokenCache::Ticket ticket = cache.TakeTicket(Key("alice"));
        if (row_exists) cache.Insert(Key("alice"), ticket, Token(1));
      }
      step.arrive_and_wait();
      if (i == 0) {
        if (Found(cache, Key("alice")) != 0) ++brought_back;
        row_exists = true;
      }
    }
  });
  EXPECT_EQ(brought_back, 0);
}

}  // namespace
}  // namespace tokenbroker
