// SPDX-License-Identifier: Apache-2.0
//
// Rules: what the broker knew after it had presented a refresh token, judged by
// the provider's ledger and the broker's own log. Pure.
import { table } from '../simulator/faults.mjs';

// Answers that say: unspent, try later.
const refusals = new Set([
  'too_many_seconds', 'too_many_date', 'too_many_garbage', 'too_many_absurd', 'too_many_bare',
  'status_503', 'temporarily_unavailable', 'slow_down', 'invalid_client',
]);

// How close to the broker's own timeout an answer may be taken for a late one.
const lateness = 500;

// The lines of a life's log about a connection, with their time.
export function linesOf(life, { provider, subject }) {
  life.index ??= Map.groupBy(life.lines, (line) => `${line.provider}/${line.subject}`);
  return life.index.get(`${provider}/${subject}`) ?? [];
}

// Whether the broker wrote down, in this life, that the tokens of `entry` are
// stored.
function logsSuccess(entry, life, provider) {
  return linesOf(life, { provider: provider.name, subject: entry.subject }).some(
    (line) =>
      (line.event === 'refresh' ? line.stored === 'yes' : line.event === 'authorization_completed') &&
      line.outcome === 'success' &&
      Date.parse(line.time) >= entry.arrived - 1,
  );
}

// Whether it wrote down, in this life, what became of `entry`.
const logsOutcome = (entry, life, provider) =>
  linesOf(life, { provider: provider.name, subject: entry.subject }).some(
    (line) => line.event === 'refresh' && Date.parse(line.time) >= entry.arrived - 1,
  );

// What `entry`, a refresh, was to the broker:
//   tokens    a token set came whole, and was stored
//   refused   a word that leaves the token unspent
//   dead      the grant is over, says the provider, truly or not
//   unknown   no usable answer, or the broker died before it had stored it
//   either    too close to the timeout or to a death to be told
export function outcomeOf(entry, provider, lives) {
  const life = lives[entry.life];
  const ended = entry.ended ?? Infinity;
  const died = ['kill', 'itself'].includes(life.stop?.how);
  const word = refusals.has(entry.fault) || entry.status === 429 ? 'refused'
    : entry.fault === 'invalid_grant_once' ? 'dead'
    : undefined;
  // A word that the broker did not live to write down.
  if (word && died && !logsOutcome(entry, life, provider)) return 'either';
  if (word) return word;
  if (table[entry.fault]?.play || !entry.delivered) return 'unknown';
  if (died && !logsSuccess(entry, life, provider)) {
    return entry.issued && ended < life.stop.time - 1500 ? 'tokens' : 'either';
  }
  if (ended - entry.arrived > provider.requestTimeout - lateness) return 'either';
  return entry.issued ? 'tokens' : 'dead';
}

// How the tokens of `entry` were lost on their way: `fault`, `kill`, `SIGTERM`,
// or undefined if they were not.
export function lossOf(entry, provider, lives) {
  if (!entry.issued) return undefined;
  const { stop } = lives[entry.life];
  const outcome = outcomeOf(entry, provider, lives);
  if (outcome === 'tokens') return undefined;
  const inFlight = stop && (entry.ended ?? Infinity) >= stop.time - 1500;
  if (entry.fault) return 'fault';
  if (inFlight) return { kill: 'kill', itself: 'kill', term: 'SIGTERM' }[stop.how];
  return outcome === 'either' ? 'fault' : undefined;
}
