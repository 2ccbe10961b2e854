// SPDX-License-Identifier: Apache-2.0
//
// What the suites say again and again.
import assert from 'node:assert/strict';
import grpc from '@grpc/grpc-js';
import { consent, redirectUri } from '../provider/provider.mjs';
import { detailsOf } from './broker.mjs';

// The call fails with this code (`NOT_FOUND`) and reason, one ErrorInfo, and
// where a field is named a violation of it; soon, not when the call gives up.
export async function rejects(call, { code, reason, field, within = 3000 }) {
  const start = Date.now();
  const error = await call.then(
    (answer) => assert.fail(`no error, but ${JSON.stringify(answer)}`),
    (failure) => failure,
  );
  if (!(error.code in grpc.status)) throw error;
  const { errorInfos, violations } = detailsOf(error);
  assert.equal(grpc.status[error.code], code, error.message);
  assert.equal(errorInfos.length, 1, error.message);
  assert.equal(errorInfos[0].reason, reason);
  assert.equal(errorInfos[0].domain, 'tokenbroker');
  if (field) assert.deepEqual(violations.map((v) => v.field), [field]);
  const took = Date.now() - start;
  assert.ok(took < within, `took ${took} ms`);
  return errorInfos[0];
}

// Walks one authorization through the browser's part.
export async function authorize(client, request = {}) {
  const started = await client.startAuthorization({
    provider: 'corp',
    subject: 'alice',
    redirectUri,
    ...request,
  });
  const callback = await consent(started.authorizationUrl);
  const { connection } = await client.completeAuthorization(callback);
  return { started, callback, connection };
}

export const alice = { provider: 'corp', subject: 'alice' };

export const sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

// Polls until `check` gives something true.
export async function until(check, what, ms = 10000) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    const value = await check();
    if (value) return value;
    await sleep(20);
  }
  return assert.fail(`not within ${ms} ms: ${what}`);
}

// Asks up to five times whether something was quick: a busy machine is slow
// now and then, a defect every time.
export async function onABusyMachine(quick) {
  for (let tries = 0; tries < 5; ++tries) if (await quick()) return;
  assert.fail('slow five times in a row');
}
