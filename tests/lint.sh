#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Formatting, clang-tidy over every source (with clang's own warnings), and buf
# over the protos. Needs build/release configured and built; `./dev lint` runs
# it.
set -euo pipefail
cd "$(dirname "$0")/.."

git ls-files '*.cc' '*.h' | xargs clang-format --dry-run --Werror
tests/node_modules/.bin/buf lint
tests/node_modules/.bin/buf format --diff --exit-code
git ls-files '*.cc' |
  xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build/release 2> /dev/null
echo "lint passed"
