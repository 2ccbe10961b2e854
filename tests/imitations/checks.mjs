// SPDX-License-Identifier: Apache-2.0
//
// What several families' suites check.
import assert from 'node:assert/strict';
import { detailsOf } from '../end_to_end/broker.mjs';
import { until } from '../end_to_end/expect.mjs';
import { connect, connection, stage } from './journey.mjs';

// The API refuses the token and the provider the refresh, until the broker says
// that the user must return; gives the cause that it names.
export async function ended({ client }, request = {}) {
  const wanted = { ...connection, ...request };
  const { accessToken } = await client.getAccessToken(wanted);
  return until(async () => {
    const error = await client
      .getAccessToken({ ...wanted, rejectedAccessToken: accessToken })
      .then(() => assert.fail('a token of a grant that is over'), (failure) => failure);
    const [info] = detailsOf(error).errorInfos;
    if (!info) throw error;
    return info.reason === 'REAUTHORIZATION_REQUIRED' && info.metadata.cause;
  }, 'an end');
}

// A block with `changes` makes a mistake, which the imitation refuses and
// complains of. This is for a test of the imitation.
export async function refused(t, family, complaint, { changes, ...go } = {}) {
  const staged = await stage(t, family, { changes });
  await assert.rejects(connect(staged, go));
  assert.equal(staged.imitation.complaints.length, 1, `${staged.imitation.complaints}`);
  assert.match(staged.imitation.complaints[0], complaint);
}
