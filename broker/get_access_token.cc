// SPDX-License-Identifier: Apache-2.0
#include "broker/get_access_token.h"

#include <utility>

#include "broker/errors.h"
#include "broker/failpoints.h"

namespace tokenbroker {

// A caller who waits.
struct GetAccessToken::Call {
  ConnectionKey key;
  Demand demand;
  Done done;
  // Joined a flight that did not ask the provider (a due row that was not due,
  // a deletion): entitled to one of its own.
  bool may_try_again = true;
};

GetAccessToken::GetAccessToken(TokenCache& cache, Refresher& refresher,
                               ConnectionFlights& flights, Workers& workers,
                               const Clock& clock, Metrics& metrics)
    : cache_(cache),
      refresher_(refresher),
      flights_(flights),
      workers_(workers),
      clock_(clock),
      metrics_(metrics) {}

void GetAccessToken::Get(const ConnectionKey& key, Demand demand, Done done) {
  std::shared_ptr<const AccessToken> token = cache_.Find(key);
  TokenSource source = TokenSource::kCache;
  if (token == nullptr) {
    source = TokenSource::kStore;
    RefreshResult loaded = refresher_.Load(key);
    if (!loaded.status.ok() && !loaded.unread) return done(loaded.status);
    token = std::move(loaded.token);
  }
  if (token != nullptr && Satisfies(*token, demand, clock_.TimeNow())) {
    metrics_.TokenServed(source);
    return done(std::move(token));
  }
  Await(std::make_shared<Call>(
      Call{.key = key, .demand = std::move(demand), .done = std::move(done)}));
}

absl::Status GetAccessToken::RefreshDue(const ConnectionKey& key,
                                        Workers::Lane lane) {
  {
    MutexLock lock(&mutex_);
    if (!queued_.insert(key).second) return absl::OkStatus();
  }
  absl::Status accepted = workers_.Run(key.provider, lane, [this, key] {
    Unqueue(key);
    // A caller may have been quicker.
    if (flights_.Join(key, nullptr) != ConnectionFlights::Joined::kLeads) {
      return;
    }
    flights_.Land(key, refresher_.RefreshIfDue(key));
  });
  if (!accepted.ok()) Unqueue(key);
  return accepted;
}

void GetAccessToken::Unqueue(const ConnectionKey& key) {
  MutexLock lock(&mutex_);
  queued_.erase(key);
}

void GetAccessToken::Await(const std::shared_ptr<Call>& call) {
  const ConnectionKey& key = call->key;
  if (TOKENBROKER_STEP_IS_OFF("broker.flights")) {
    return workers_
        .Run(key.provider, Workers::Lane::kCaller,
             [this, call] {
               Land(call, refresher_.Refresh(call->key, call->demand));
             })
        .IgnoreError();
  }
  const auto joined = flights_.Join(
      key, [this, call](const RefreshResult& result) { Land(call, result); });
  if (joined == ConnectionFlights::Joined::kFull) {
    return call->done(OverloadedError());
  }
  if (joined == ConnectionFlights::Joined::kJoined) return;
  // Who would not ask the provider anyway stands in no queue for it.
  if (const auto known = refresher_.WithoutAsking(key, call->demand)) {
    return flights_.Land(key, *known);
  }
  const absl::Status accepted =
      workers_.Run(key.provider, Workers::Lane::kCaller, [this, call] {
        flights_.Land(call->key, refresher_.Refresh(call->key, call->demand));
      });
  if (!accepted.ok()) flights_.Land(key, RefreshResult{.status = accepted});
}

void GetAccessToken::Land(const std::shared_ptr<Call>& call,
                          const RefreshResult& result) {
  const absl::Time now = clock_.TimeNow();
  const Demand& demand = call->demand;
  const bool satisfied =
      result.token != nullptr && Satisfies(*result.token, demand, now);
  if (!satisfied && !result.exchanged && result.status.ok() &&
      std::exchange(call->may_try_again, false)) {
    return Await(call);
  }
  // A refresh that went well gives the best token there is, whether or not it
  // is what was hoped for. One that failed leaves the old token, which serves
  // while it lives, but not the caller whose API refused it.
  const bool usable = result.token != nullptr &&
                      IsAlive(result.token->life, now) &&
                      (result.status.ok() || demand.rejected.empty() ||
                       !demand.rejected.Matches(result.token->value.Reveal()));
  if (usable) {
    metrics_.TokenServed(result.status.ok() ? TokenSource::kRefreshed
                                            : TokenSource::kStale);
    return call->done(result.token);
  }
  call->done(result.status.ok() ? ProviderUnavailableError(call->key.provider,
                                                           absl::Seconds(1))
                                : result.status);
}

}  // namespace tokenbroker
