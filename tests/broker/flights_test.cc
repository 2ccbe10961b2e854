// SPDX-License-Identifier: Apache-2.0
#include "broker/flights.h"

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/threads.h"

namespace tokenbroker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using TestFlights = Flights<std::string, int>;
using Joined = TestFlights::Joined;

class FlightsTest : public testing::Test {
 protected:
  // Notes the result.
  TestFlights::Done Note() {
    return [this](const int& result) { landed_.push_back(result); };
  }

  TestFlights flights_{3};
  std::vector<int> landed_;
};

TEST_F(FlightsTest, LetTheFirstLeadAndTheOthersJoin) {
  EXPECT_EQ(flights_.Join("a", Note()), Joined::kLeads);
  EXPECT_EQ(flights_.Join("a", Note()), Joined::kJoined);
  EXPECT_EQ(flights_.Join("a", Note()), Joined::kJoined);
  EXPECT_THAT(landed_, IsEmpty());
}

TEST_F(FlightsTest, ShareTheResultWithEverybodyOnce) {
  flights_.Join("a", Note());
  flights_.Join("a", Note());
  flights_.Land("a", 7);
  EXPECT_THAT(landed_, ElementsAre(7, 7));
  flights_.Land("a", 8);
  EXPECT_THAT(landed_, ElementsAre(7, 7)) << "the flight is over";
}

TEST_F(FlightsTest, FlyOncePerKey) {
  EXPECT_EQ(flights_.Join("a", Note()), Joined::kLeads);
  EXPECT_EQ(flights_.Join("b", Note()), Joined::kLeads);
  flights_.Land("b", 2);
  EXPECT_THAT(landed_, ElementsAre(2));
  flights_.Land("a", 1);
  EXPECT_THAT(landed_, ElementsAre(2, 1));
}

TEST_F(FlightsTest, StartAnewAfterALanding) {
  flights_.Join("a", Note());
  flights_.Land("a", 1);
  EXPECT_EQ(flights_.Join("a", Note()), Joined::kLeads);
  flights_.Land("a", 2);
  EXPECT_THAT(landed_, ElementsAre(1, 2));
}

TEST_F(FlightsTest, LandNothingWhereNothingFlies) {
  flights_.Land("a", 1);
  EXPECT_THAT(landed_, IsEmpty());
  EXPECT_EQ(flights_.Join("a", Note()), Joined::kLeads);
}

TEST_F(FlightsTest, TakeALeaderWhoDoesNotWait) {
  EXPECT_EQ(flights_.Join("a", nullptr), Joined::kLeads);
  EXPECT_EQ(flights_.Join("a", nullptr), Joined::kJoined);
  EXPECT_EQ(flights_.Join("a", Note()), Joined::kJoined);
  flights_.Land("a", 5);
  EXPECT_THAT(landed_, ElementsAre(5));
}

TEST_F(FlightsTest, HoldNoMoreWaitersThanTheirLimit) {
  flights_.Join("a", Note());
  flights_.Join("a", Note());
  flights_.Join("b", Note());
  // Three wait, in all flights together.
  EXPECT_EQ(flights_.Join("a", Note()), Joined::kFull);
  EXPECT_EQ(flights_.Join("c", Note()), Joined::kFull);
  EXPECT_EQ(flights_.Lead("a", Note()), Joined::kFull);
  flights_.Land("a", 1);
  EXPECT_THAT(landed_, ElementsAre(1, 1)) << "who was refused is not called";
  EXPECT_EQ(flights_.Join("c", Note()), Joined::kLeads)
      << "and left no flight behind";
  EXPECT_EQ(flights_.Join("c", Note()), Joined::kJoined);
  EXPECT_EQ(flights_.Join("c", Note()), Joined::kFull);
}

TEST_F(FlightsTest, CountNobodyWhoDoesNotWait) {
  for (int i = 0; i < 10; ++i) flights_.Join("a", nullptr);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(flights_.Join("a", Note()), Joined::kJoined);
  }
  EXPECT_EQ(flights_.Join("b", nullptr), Joined::kLeads)
      << "full, but this one does not wait";
}

TEST_F(FlightsTest, CallWaitersUnderNoLock) {
  // A waiter who comes back at once finds the flight over, and leads.
  Joined again = Joined::kFull;
  flights_.Join("a", [&](const int&) { again = flights_.Join("a", Note()); });
  flights_.Land("a", 1);
  EXPECT_EQ(again, Joined::kLeads);
  EXPECT_THAT(landed_, IsEmpty());
  flights_.Land("a", 2);
  EXPECT_THAT(landed_, ElementsAre(2));
}

TEST_F(FlightsTest, GiveALeadToOneWhoNeedsAFlightOfItsOwn) {
  EXPECT_EQ(flights_.Lead("a", Note()), Joined::kLeads);
  EXPECT_EQ(flights_.Join("a", Note()), Joined::kJoined);
  flights_.Land("a", 1);
  EXPECT_THAT(landed_, ElementsAre(1)) << "`again` was dropped";
}

TEST_F(FlightsTest, TellOneWhoNeedsAFlightOfItsOwnWhenToTryAgain) {
  flights_.Join("a", nullptr);
  Joined second = Joined::kFull;
  EXPECT_EQ(flights_.Lead(
                "a", [&](const int&) { second = flights_.Lead("a", Note()); }),
            Joined::kJoined);
  flights_.Land("a", 1);
  EXPECT_EQ(second, Joined::kLeads);
}

TEST_F(FlightsTest, LeadEvenWhileTooManyWait) {
  // Who leads does not wait.
  for (int i = 0; i < 3; ++i) flights_.Join("a", Note());
  EXPECT_EQ(flights_.Lead("b", Note()), Joined::kLeads);
}

TEST(FlightsThreadsTest, HaveOneLeaderAtATimeAndAnswerEverybody) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 2000;
  TestFlights flights(size_t{kThreads} * kRounds);
  std::atomic<int> in_the_air = 0;
  std::atomic<bool> two_at_once = false;
  std::atomic<int> answered = 0;
  RunInThreads(kThreads, [&](int) {
    for (int n = 0; n < kRounds; ++n) {
      if (flights.Join("a", [&](const int&) { ++answered; }) !=
          Joined::kLeads) {
        continue;
      }
      if (in_the_air.fetch_add(1) != 0) two_at_once = true;
      in_the_air.fetch_sub(1);
      flights.Land("a", n);
    }
  });
  EXPECT_FALSE(two_at_once);
  EXPECT_EQ(answered, kThreads * kRounds);
}

TEST(FlightsThreadsTest, NeverExceedTheirLimit) {
  constexpr int kThreads = 8;
  constexpr int kLimit = 5;
  TestFlights flights(kLimit);
  std::atomic<int> waiting = 0;
  std::atomic<int> most = 0;
  RunInThreads(kThreads, [&](int i) {
    const std::string key(1, static_cast<char>('a' + i));
    for (int n = 0; n < 2000; ++n) {
      int mine = 0;
      while (mine < 3 &&
             flights.Join(key, [](const int&) {}) != Joined::kFull) {
        ++mine;
        const int now = ++waiting;
        int before = most;
        while (now > before && !most.compare_exchange_weak(before, now)) {
        }
      }
      waiting -= mine;
      flights.Land(key, n);
    }
  });
  EXPECT_LE(most, kLimit);
  // And none was lost: as many fit in as at first.
  for (int n = 0; n < kLimit; ++n) {
    EXPECT_NE(flights.Join("x", [](const int&) {}), Joined::kFull);
  }
  EXPECT_EQ(flights.Join("x", [](const int&) {}), Joined::kFull);
}

}  // namespace
}  // namespace tokenbroker
