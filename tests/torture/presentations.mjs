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

// The lines of exchanges of this life's own. Recovery writes such a line too,
// before its own.
export function ownLines(life, about) {
  const own = [];
  let last;
  for (const line of linesOf(life, about)) {
    const ends = ['refresh', 'authorization_completed'].includes(line.event);
    if (ends) own.push(line);
    if (line.event === 'attempt_recovered' && last) own.pop();
    last = ends;
  }
  return own;
}

// What the broker wrote down of `entry`: a connection's exchanges come one after
// the other, so the n-th line is that of the n-th request.
function lineOf(entry, provider, life) {
  const { subject } = entry;
  const requests = provider.entries
    .filter((e) => e.life === entry.life && e.subject === subject && e.presented)
    .sort((a, b) => a.arrived - b.arrived);
  const lines = ownLines(life, { provider: provider.name, subject });
  return lines.filter(({ outcome }) => outcome !== 'not_sent')[requests.indexOf(entry)];
}

// Its tokens were stored.
const isStored = (line) => line?.outcome === 'success' && (line.stored ?? 'yes') === 'yes';

// The broker waited in vain: a busy machine made the provider late.
const gaveUp = (line) =>
  line?.outcome === 'unknown' && line.detail?.endsWith('Timeout was reached');

// What `entry`, a refresh, was to the broker:
//   tokens    a token set came whole, and was stored
//   refused   a word that leaves the token unspent
//   dead      the grant is over, says the provider, truly or not
//   unknown   no usable answer, or the broker died before it had stored it
//   either    too close to the timeout or to a death to be told
export function outcomeOf(entry, provider, lives) {
  const life = lives[entry.life];
  const ended = entry.ended ?? Infinity;
  if (refusals.has(entry.fault) || entry.status === 429) return 'refused';
  const line = lineOf(entry, provider, life);
  const died = ['kill', 'itself'].includes(life.stop?.how);
  if (entry.fault === 'invalid_grant_once') return died && !line ? 'either' : 'dead';
  if (table[entry.fault]?.play || !entry.delivered) return 'unknown';
  if (gaveUp(line)) return 'unknown';
  if (died && !isStored(line)) {
    return entry.issued && ended < life.stop.time - 1500 ? 'tokens' : 'either';
  }
  if (ended - entry.arrived > provider.requestTimeout - lateness) return 'either';
  return entry.issued ? 'tokens' : 'dead';
}

// How the tokens of `entry` were lost on their way: `fault`, `timeout`, `kill`,
// `SIGTERM`, or undefined if they were not.
export function lossOf(entry, provider, lives) {
  if (!entry.issued) return undefined;
  const { stop } = lives[entry.life];
  const outcome = outcomeOf(entry, provider, lives);
  if (outcome === 'tokens') return undefined;
  const inFlight = stop && (entry.ended ?? Infinity) >= stop.time - 1500;
  if (entry.fault) return 'fault';
  if (gaveUp(lineOf(entry, provider, lives[entry.life]))) return 'timeout';
  if (inFlight) return { kill: 'kill', itself: 'kill', term: 'SIGTERM' }[stop.how];
  return outcome === 'either' ? 'fault' : undefined;
}
