// SPDX-License-Identifier: Apache-2.0
//
// Matchers for absl::Status and absl::StatusOr, under Abseil's names. Delete
// this file once the distribution's Abseil has absl/status/status_matchers.h
// (from 2024-07), and include that in its stead.
#ifndef TOKENBROKER_TESTS_STATUS_MATCHERS_H_
#define TOKENBROKER_TESTS_STATUS_MATCHERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"

namespace absl_testing {

inline const absl::Status& GetStatus(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

// Matches an OK Status or StatusOr.
MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << "which is " << GetStatus(arg).ToString();
  return GetStatus(arg).ok();
}

// Matches an OK StatusOr whose value matches `value`.
MATCHER_P(IsOkAndHolds, value, "is OK and holds a value that matches") {
  if (!arg.ok()) {
    *result_listener << "which is " << arg.status().ToString();
    return false;
  }
  return testing::ExplainMatchResult(value, *arg, result_listener);
}

// Matches a Status or StatusOr whose code matches `code`.
MATCHER_P(StatusIs, code, "has a status code that matches") {
  *result_listener << "which is " << GetStatus(arg).ToString();
  return testing::ExplainMatchResult(code, GetStatus(arg).code(),
                                     result_listener);
}

// The same, and its message matches `message`.
MATCHER_P2(StatusIs, code, message,
           "has a status code and message that match") {
  *result_listener << "which is " << GetStatus(arg).ToString();
  return testing::ExplainMatchResult(code, GetStatus(arg).code(),
                                     result_listener) &&
         testing::ExplainMatchResult(
             message, std::string(GetStatus(arg).message()), result_listener);
}

}  // namespace absl_testing

#endif  // TOKENBROKER_TESTS_STATUS_MATCHERS_H_
