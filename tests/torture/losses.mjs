// SPDX-License-Identifier: Apache-2.0
//
// Checks: which connections were lost, and whether that had to be.
import { brief } from './spending.mjs';
import { lossOf, outcomeOf } from './presentations.mjs';

// Each loss that was told has its cause in the ledger.
export function lossesAreExplained({ providers, lives, losses }) {
  return losses.flatMap((loss) => {
    const { why, facts } = explain(loss, providers, lives);
    return why ? [{ ...loss, why, ...facts }] : [];
  });
}

// What a loss came of: `kill`, `SIGTERM`, `fault`, `timeout`, `user`, or a
// `false refusal`; with `why` it should not have been.
export function explain(loss, providers, lives) {
  const provider = providers.find(({ name }) => name === loss.provider);
  const before = provider.entries.filter(
    (e) => e.subject === loss.subject && e.arrived <= loss.end,
  );
  const last = before.findLast((e) => e.kind === 'refresh');
  if (!last) return { by: 'nothing', why: 'nothing was ever refreshed', facts: {} };
  const facts = { last: brief(last) };
  const revoked = before.some(
    (e) => e.kind === 'revoked_by_user' && e.families.includes(last.family),
  );
  if (loss.cause === 'GRANT_REJECTED') {
    return revoked ? { by: 'user' } : { by: 'nothing', why: 'the grant was not ended', facts };
  }
  if (loss.cause !== 'ROTATION_LOST') {
    return { by: 'nothing', why: `no cause to give: ${loss.cause}`, facts };
  }
  if (['never', 'until_first_use'].includes(provider.rotation)) {
    return { by: 'nothing', why: 'nothing can be lost with this rotation', facts };
  }
  if (revoked) return { by: 'user' };
  return explainRotation(before, last, provider, lives, facts);
}

function explainRotation(before, last, provider, lives, facts) {
  const family = before.filter(
    (e) => e.family === last.family && e.kind === 'refresh' && e.presented === last.presented,
  );
  const rotated = family.find((e) => lossOf(e, provider, lives));
  if (!rotated) {
    // Where the refresh token is dead at once, a refusal after no answer is what
    // a lost rotation looks like.
    const looksLost =
      provider.rotation === 'strict' &&
      last.fault === 'invalid_grant_once' &&
      family.some((e) => ['unknown', 'either'].includes(outcomeOf(e, provider, lives)));
    return looksLost
      ? { by: 'false refusal' }
      : { by: 'nothing', why: 'no rotation was lost', facts };
  }
  const by = lossOf(rotated, provider, lives);
  const lost = { ...facts, rotated: brief(rotated) };
  const window = provider.graceSeconds * 1000;
  if (provider.rotation === 'grace' && last.arrived - rotated.committed < window) {
    return { by, why: 'the grace was not over', facts: lost };
  }
  if (by === 'SIGTERM') return { by, why: 'an orderly stop lost it', facts: lost };
  return { by };
}

// In the end every connection is active and serves what its provider takes.
export function theEndIsWhole({ final }) {
  return final
    .filter(({ state, resourceStatus }) => state !== 'STATE_ACTIVE' || resourceStatus !== 200)
    .map(({ answer: { token, ...answer }, ...connection }) => ({ ...connection, answer }));
}
