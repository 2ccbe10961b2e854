// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_PROVIDERS_HANGING_RESOLVER_H_
#define TOKENBROKER_TESTS_PROVIDERS_HANGING_RESOLVER_H_

namespace tokenbroker {

// While it lives, a look-up of kHost in this process gets no answer; else the
// answer is that there is no such name. One at a time.
class HangingResolver {
 public:
  static constexpr char kHost[] = "hangs.test";

  HangingResolver();
  ~HangingResolver();
  HangingResolver(const HangingResolver&) = delete;
  HangingResolver& operator=(const HangingResolver&) = delete;
};

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_PROVIDERS_HANGING_RESOLVER_H_
