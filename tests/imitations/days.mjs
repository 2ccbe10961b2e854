// SPDX-License-Identifier: Apache-2.0
//
// Days that pass for broker and provider alike.
import { takeWallClock } from '../end_to_end/wall_clock.mjs';

export const day = 24 * 3600;

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
