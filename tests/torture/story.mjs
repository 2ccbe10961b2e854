// SPDX-License-Identifier: Apache-2.0
//
// What the ledger and the log say of one connection, in order.
import { linesOf } from './presentations.mjs';
import { brief } from './spending.mjs';

const rows = 14;

// Up to `until`, the last few.
export function storyOf({ providers, lives }, { provider: name, subject }, until) {
  const provider = providers.find((p) => p.name === name);
  const seen = [
    ...provider.entries
      .filter((e) => e.subject === subject)
      .map((e) => ({ time: e.arrived, saw: e.kind, ...brief(e), issued: e.issued?.serial })),
    ...lives.flatMap((life) =>
      linesOf(life, { provider: name, subject }).map((line) => ({
        ...line,
        time: Date.parse(line.time),
        life: life.number,
        logged: line.event,
      })),
    ),
  ];
  const concerned = new Set(seen.map((event) => event.life));
  const stops = lives
    .filter(({ number }) => concerned.has(number))
    .map(({ number, stop }) => ({ time: stop.time, life: number, stopped: stop.how }));
  const end = (until ?? Infinity) + 50;
  return [...seen, ...stops]
    .filter(({ time }) => time <= end)
    .sort((a, b) => a.time - b.time)
    .slice(-rows)
    .map(inOneLine);
}

const unsaid = ['provider', 'subject', 'level', 'event', 'number', 'arrived'];

const inOneLine = (event) =>
  Object.entries(event)
    .filter(([key, value]) => value !== undefined && value !== '' && !unsaid.includes(key))
    .map(([key, value]) => `${key} ${value}`)
    .join(' · ');
