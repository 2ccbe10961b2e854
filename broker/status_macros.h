// SPDX-License-Identifier: Apache-2.0
//
// Leave early with an error. Under Abseil's names: delete this file once the
// distribution's Abseil has absl/status/status_macros.h (from 2026-05).
#ifndef TOKENBROKER_BROKER_STATUS_MACROS_H_
#define TOKENBROKER_BROKER_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expr` unless it is OK.
#define ABSL_RETURN_IF_ERROR(expr)                 \
  do {                                             \
    if (absl::Status status_macro_status = (expr); \
        !status_macro_status.ok()) {               \
      return status_macro_status;                  \
    }                                              \
  } while (false)

// Evaluates the StatusOr `expr`; returns its status unless it is OK, else puts
// the value into `lhs`, which may declare a variable.
#define ABSL_ASSIGN_OR_RETURN(lhs, expr) \
  TOKENBROKER_ASSIGN_OR_RETURN_IMPL(     \
      TOKENBROKER_CONCAT(status_macro_or_, __LINE__), lhs, expr)

#define TOKENBROKER_ASSIGN_OR_RETURN_IMPL(status_or, lhs, expr) \
  auto status_or = (expr);                                      \
  if (!status_or.ok()) return std::move(status_or).status();    \
  lhs = *std::move(status_or)
#define TOKENBROKER_CONCAT(a, b) TOKENBROKER_CONCAT_IMPL(a, b)
#define TOKENBROKER_CONCAT_IMPL(a, b) a##b

#endif  // TOKENBROKER_BROKER_STATUS_MACROS_H_
