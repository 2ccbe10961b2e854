// SPDX-License-Identifier: Apache-2.0
//
// That an imitation bites: a broker that is set up wrong is refused.
import assert from 'node:assert/strict';
import { connect, stage } from './journey.mjs';

// A block with `changes` makes a mistake, of which the imitation complains in
// these words.
export async function refused(t, family, complaint, { changes, ...go } = {}) {
  const staged = await stage(t, family, { changes });
  await assert.rejects(connect(staged, go));
  assert.equal(staged.imitation.complaints.length, 1, `${staged.imitation.complaints}`);
  assert.match(staged.imitation.complaints[0], complaint);
}
