// SPDX-License-Identifier: Apache-2.0
//
// Says where a history breaks what the broker promises. Pure functions from the
// history to violations, {check, facts}; each check is one sentence.
//
//   history  {requestTimeout, failpoints, providers, lives, calls, losses, final}
//   provider {name, rotation, graceSeconds, entries}    see simulator/ledger.mjs
//   life     see lives.mjs · call: see callers.mjs
//   loss     {provider, subject, cause, start, end}     who was told, and what
//   final    {provider, subject, state, answer, resourceStatus}
import { answersAreDocumented, endsAreClean } from './outside.mjs';
import { lossesAreExplained, theEndIsWhole } from './losses.mjs';
import { attemptsAreNoted, codesAreSentOnce, neverOlder, neverTogether, neverTwice } from './spending.mjs';
import { generationsGrow, ownTokensOnly } from './serving.mjs';

export const checks = {
  neverTwice,
  neverTogether,
  codesAreSentOnce,
  neverOlder,
  attemptsAreNoted,
  generationsGrow,
  ownTokensOnly,
  lossesAreExplained,
  theEndIsWhole,
  answersAreDocumented,
  endsAreClean,
};

export function judge(history) {
  return Object.entries(checks).flatMap(([check, find]) =>
    find(prepared(history)).map((facts) => ({ check, facts })),
  );
}

// Providers know the broker's timeout, which the rules ask for.
export const prepared = (history) => ({
  ...history,
  providers: history.providers.map((provider) => ({
    requestTimeout: history.requestTimeout,
    ...provider,
  })),
});
