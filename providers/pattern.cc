// SPDX-License-Identifier: Apache-2.0
#include "providers/pattern.h"

#include <re2/re2.h>

namespace tokenbroker {
namespace {

re2::StringPiece Piece(absl::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

bool IsPattern(absl::string_view pattern) {
  return RE2(Piece(pattern), RE2::Quiet).ok();
}

bool MatchesWhole(absl::string_view pattern, absl::string_view text) {
  return RE2::FullMatch(Piece(text), RE2(Piece(pattern), RE2::Quiet));
}

bool IsFoundIn(absl::string_view pattern, absl::string_view text) {
  return RE2::PartialMatch(Piece(text), RE2(Piece(pattern), RE2::Quiet));
}

}  // namespace tokenbroker
