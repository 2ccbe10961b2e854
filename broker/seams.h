// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_BROKER_SEAMS_H_
#define TOKENBROKER_BROKER_SEAMS_H_

namespace tokenbroker {

class Clock;
class EventLog;
class HttpClient;
class Keyring;
class ProviderDirectory;
class Random;
class TokenStore;

// What the acts need of the world. All of it outlives them.
struct Seams {
  TokenStore& store;
  const Keyring& keyring;
  ProviderDirectory& providers;
  HttpClient& http;
  Random& random;
  const Clock& clock;
  const EventLog& log;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_BROKER_SEAMS_H_
