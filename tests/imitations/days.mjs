// SPDX-License-Identifier: Apache-2.0
//
// Days that pass for broker and provider alike.
import { until } from '../end_to_end/expect.mjs';
import { takeWallClock } from '../end_to_end/wall_clock.mjs';
import { good } from './journey.mjs';

export const day = 24 * 3600;

// How far a timestamp of an answer is away.
export const daysFromNow = ({ seconds }) => (seconds - Date.now() / 1000) / day;

// Gives the token with the long life as soon as it is there.
export const lasting = (staged) =>
  until(async () => {
    const answer = await good(staged);
    return daysFromNow(answer.expireTime) > 59 && answer;
  }, 'the long-lived token');

// Gives a function that lets so many days pass. The broker is stopped meanwhile,
// for while it runs it does not believe in such a step.
export function calendar(staged) {
  const { imitation, broker } = staged;
  const setWallClock = takeWallClock(broker);
  let passed = 0;
  return async (days) => {
    await broker.stop();
    passed += days;
    setWallClock(Math.round(passed * day));
    imitation.books.forward(days * day);
    await broker.start();
    staged.client = broker.client;
  };
}
