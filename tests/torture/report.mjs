// SPDX-License-Identifier: Apache-2.0
//
// What a campaign did, as a table for people.
import { prepared } from './oracle.mjs';
import { explain } from './losses.mjs';
import { storyOf } from './story.mjs';

const most = 20;

const count = (list, keyOf) => {
  const counts = {};
  for (const item of list) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
};

const inOneLine = (counts) =>
  Object.entries(counts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ') || 'none';

// Rows of [what, figures].
export function figures(history, violations) {
  const { providers, lives, calls, losses } = prepared(history);
  const entries = providers.flatMap((p) => p.entries);
  const stops = count(lives, ({ stop, serving }) =>
    stop.how === 'kill' && !serving ? 'kill at start' : stop.how);
  const recovered = count(
    lives.flatMap(({ lines }) => lines.filter((l) => l.event === 'attempt_recovered')),
    ({ answer }) => answer,
  );
  const played = {};
  for (const provider of providers) {
    for (const [kind, times] of Object.entries(provider.played ?? {})) {
      played[kind] = (played[kind] ?? 0) + times;
    }
  }
  return [
    ['lives', lives.length],
    ['ended by', inOneLine({ kill: 0, term: 0, ...stops })],
    ['exchanges', `${entries.filter((e) => e.presented).length} (${inOneLine(count(entries, (e) => e.kind))})`],
    ['token sets issued', entries.filter((e) => e.issued).length],
    ['calls', `${calls.length} (${inOneLine(count(calls, (c) =>
      c.code ? (c.reason ?? 'no connection') : c.token ? 'token' : 'done'))})`],
    ['faults', `${Object.values(played).reduce((a, b) => a + b, 0)} (${inOneLine(played)})`],
    ['attempts recovered', `${recovered.kept ?? 0} with a kept answer, ${recovered.none ?? 0} without`],
    ...providers.map((provider) => [
      `lost: ${provider.name}`,
      inOneLine(count(losses.filter((l) => l.provider === provider.name), (loss) =>
        `by ${explain(loss, providers, lives).by}`)),
    ]),
    ['violations', `${violations.length} (${inOneLine(count(violations, (v) => v.check))})`],
  ];
}

// Which connection a violation is about, and when it was seen.
function placeOf(facts) {
  const about = facts.after ?? facts;
  const entry = facts.again ?? [facts.presented ?? facts.entries].flat().at(-1) ?? facts.later;
  const subject = about.subject ?? entry?.token?.split('.')[1];
  const provider = about.provider ?? facts.provider;
  return {
    connection: provider && subject && { provider, subject },
    time: facts.end ?? about.end ?? entry?.ended,
  };
}

export function print(history, violations) {
  for (const [what, value] of figures(history, violations)) {
    console.log(`${what.padEnd(24)}${value}`);
  }
  for (const { check, facts } of violations.slice(0, most)) {
    console.log(`\n${check}: ${JSON.stringify(facts, null, 1).replace(/\n */g, ' ')}`);
    const { connection, time } = placeOf(facts);
    if (!connection) continue;
    for (const row of storyOf(history, connection, time)) console.log(`    ${row}`);
  }
  if (violations.length > most) console.log(`\nand ${violations.length - most} more`);
}
