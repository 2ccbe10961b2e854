// SPDX-License-Identifier: Apache-2.0
//
// Checks: how refresh tokens and codes were spent.
import { parseToken } from '../simulator/rotation.mjs';
import { linesOf, outcomeOf, ownLines } from './presentations.mjs';

// The broker counts from before its note is durable, and rounds.
const clockTolerance = 1000;
// A grant that was called dead is asked for once more after five seconds.
const confirmation = 4500;
// Two ends of a socket notice its closing at different times.
const closing = 100;

const refreshesOf = (provider) =>
  provider.entries.filter((e) => e.kind === 'refresh').sort((a, b) => a.arrived - b.arrived);

const byToken = (entries) => [...Map.groupBy(entries, (e) => e.presented).values()];

// What a reader needs of an entry.
export const brief = (entry) => ({
  number: entry.number,
  life: entry.life,
  token: entry.presented?.slice(0, -16),
  arrived: entry.arrived,
  ended: entry.ended,
  fault: entry.fault,
  verdict: entry.verdict,
  delivered: entry.delivered,
});

// No refresh token is presented again without cause.
export function neverTwice({ providers, lives }) {
  return providers
    .filter(({ rotation }) => rotation !== 'never')
    .flatMap((provider) => {
      const found = [];
      const sets = setsOf(provider);
      for (const entries of byToken(refreshesOf(provider))) {
        entries.slice(1).forEach((again, i) => {
          const why = wrongToPresent(again, entries.slice(0, i + 1), provider, lives, sets);
          if (why) found.push({ provider: provider.name, why, again: brief(again), before: brief(entries[i]) });
        });
      }
      return found;
    });
}

// Token sets by their refresh token, with the time of the request they answer.
const setsOf = ({ entries }) =>
  new Map(
    entries
      .filter((e) => e.issued?.refreshToken)
      .map((e) => [e.issued.refreshToken, { ...e.issued, asked: e.arrived }]),
  );

function wrongToPresent(again, before, provider, lives, sets) {
  const outcomes = before.map((entry) => outcomeOf(entry, provider, lives));
  const last = before.at(-1);
  if (outcomes.at(-1) === 'tokens') return 'its answer had come';
  if (outcomes.at(-1) === 'dead' && again.arrived - last.ended < confirmation) {
    return 'asked too soon whether the grant is dead';
  }
  const set = sets.get(again.presented);
  if (provider.rotation !== 'strict' || !outcomes.includes('unknown') || !set) return undefined;
  // Not earlier than shortly before the end of the access token.
  const margin = Math.min(10000, set.lifeSeconds * 100);
  const earliest = set.asked + set.lifeSeconds * 1000 - margin - clockTolerance;
  return again.arrived < earliest
    ? `${earliest - again.arrived} ms too early after an unknown outcome`
    : undefined;
}

// No refresh token is under way twice at a time.
export function neverTogether({ providers }) {
  return providers.flatMap((provider) =>
    byToken(refreshesOf(provider)).flatMap((entries) =>
      entries.slice(1).flatMap((later, i) => {
        const earlier = entries[i];
        const together =
          later.life === earlier.life && later.arrived < (earlier.ended ?? Infinity) - closing;
        return together
          ? [{ provider: provider.name, earlier: brief(earlier), later: brief(later) }]
          : [];
      }),
    ),
  );
}

export function codesAreSentOnce({ providers }) {
  return providers.flatMap((provider) =>
    byToken(provider.entries.filter((e) => e.kind === 'code'))
      .filter((entries) => entries.length > 1)
      .map((entries) => ({ provider: provider.name, entries: entries.map(brief) })),
  );
}

// No refresh token is presented that is older than one presented or served
// before.
export function neverOlder({ providers, calls }) {
  const served = Map.groupBy(
    calls.filter((call) => call.token),
    (call) => `${call.provider}/${call.subject}`,
  );
  return providers.flatMap((provider) => {
    // Where the refresh token stays, its serial does too.
    const age = ({ family, serial }) => family * 1e6 + (provider.rotation === 'never' ? 0 : serial);
    const subjects = Map.groupBy(refreshesOf(provider), (e) => e.subject);
    return [...subjects].flatMap(([subject, entries]) => {
      // Entries first: within a millisecond nothing is known of the order.
      const events = [
        ...entries.map((entry) => ({ time: entry.arrived, age: age(entry), entry })),
        ...(served.get(`${provider.name}/${subject}`) ?? [])
          .filter((call) => parseToken(call.token))
          .map((call) => ({ time: call.end, age: age(parseToken(call.token)), served: call.token.slice(0, -16) })),
      ].sort((a, b) => a.time - b.time);
      let newest = { age: 0 };
      return events.flatMap((event) => {
        if (event.age >= newest.age) {
          newest = event;
          return [];
        }
        if (!event.entry) return [];
        return [{
          provider: provider.name,
          presented: brief(event.entry),
          newer: newest.served ?? brief(newest.entry),
        }];
      });
    });
  });
}

// Each presentation of a life left a line in its log, or its attempt was ended
// by a code or found by a later life.
export function attemptsAreNoted({ providers, lives }) {
  return providers.flatMap((provider) => {
    const sent = provider.entries.filter((e) => e.presented && e.subject);
    const groups = Map.groupBy(sent, (e) => `${e.life}/${e.subject}`);
    return [...groups.values()].flatMap((entries) => {
      const [{ life: number, subject }] = entries;
      const life = lives[number];
      const about = { provider: provider.name, subject };
      const noted =
        ownLines(life, about).length +
        endedByCode(entries, life, about) +
        recoveredAfter(lives, number, about);
      const missing = entries.length - noted;
      if (missing <= 0 || (missing === 1 && justBeforeDeath(entries.at(-1), life))) return [];
      return [{ ...about, life: number, noted, presented: entries.map(brief) }];
    });
  });
}

// The broker died under way, or shortly after: it may have said nothing.
const nearDeath = ({ ended = Infinity }, { stop }) =>
  ['kill', 'itself'].includes(stop?.how) && ended > stop.time - 1000;

// Its answer came, and the broker died between storing and saying so.
const justBeforeDeath = (entry, life) => nearDeath(entry, life) && entry.ended <= life.stop.time;

// Refreshes beside which a code succeeded, before the broker died: it ends their
// attempts too (broker/token_store.h), so that nothing is left to recover.
function endedByCode(entries, life, about) {
  const codes = ownLines(life, about)
    .filter((l) => l.event === 'authorization_completed' && l.outcome === 'success')
    .map((l) => Date.parse(l.time));
  return entries.filter(
    (e) =>
      e.kind === 'refresh' &&
      nearDeath(e, life) &&
      codes.some((time) => e.arrived <= time && time <= (e.ended ?? Infinity)),
  ).length;
}

// The attempts that the next lives recovered, up to the first that served.
function recoveredAfter(lives, number, about) {
  let recovered = 0;
  for (const life of lives.slice(number + 1)) {
    recovered += linesOf(life, about).filter((l) => l.event === 'attempt_recovered').length;
    // One that was killed meanwhile may have ended it without saying so.
    if (!life.serving && life.stop?.how !== 'term') recovered += 1;
    if (life.serving) break;
  }
  return recovered;
}
