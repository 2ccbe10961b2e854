// SPDX-License-Identifier: Apache-2.0
//
// What several families' suites check.
import assert from 'node:assert/strict';
import { detailsOf } from '../end_to_end/broker.mjs';
import { rejects, until } from '../end_to_end/expect.mjs';
import { completion, connect, connection, stage } from './journey.mjs';

const codeRejected = { code: 'FAILED_PRECONDITION', reason: 'CODE_REJECTED' };

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

// The provider refuses a code that the user brings `seconds` late.
export async function refusesALateCode({ imitation, client }, seconds) {
  const { authorizationUrl } = await client.startAuthorization({
    ...connection,
    redirectUri: imitation.redirectUri,
  });
  const callback = imitation.authorize(authorizationUrl);
  imitation.books.forward(seconds);
  await rejects(client.completeAuthorization(completion(callback)), codeRejected);
}

// The provider refuses a code that it never issued. `finish` looks for it in
// the log.
export async function refusesAnInventedCode({ imitation, client }) {
  const { state } = await client.startAuthorization({
    ...connection,
    redirectUri: imitation.redirectUri,
  });
  const code = imitation.books.mint('nobody-issued-');
  await rejects(client.completeAuthorization({ state, code }), codeRejected);
}

// A block with `changes` makes a mistake, which the imitation refuses and
// complains of. This is for a test of the imitation.
export async function refused(t, family, complaint, { changes, ...go } = {}) {
  const staged = await stage(t, family, { changes });
  await assert.rejects(connect(staged, go));
  assert.equal(staged.imitation.complaints.length, 1, `${staged.imitation.complaints}`);
  assert.match(staged.imitation.complaints[0], complaint);
}
