// SPDX-License-Identifier: Apache-2.0
//
// The real binary beside an imitation, and the journey that every connection
// makes: start, browser, complete, get, refresh, delete.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { Broker } from '../end_to_end/broker.mjs';
import { rejects, until } from '../end_to_end/expect.mjs';

export const connection = { provider: 'imitated', subject: 'alice' };

// The provider block for `imitation` of `family`, with `changes` over it.
export function blockOf(broker, family, imitation, changes = {}) {
  const block = {
    name: connection.provider,
    preset: family.preset,
    client_id: imitation.client.id,
    redirect_uris: [imitation.redirectUri],
    allow_loopback: true,
    ...family.block(imitation.base),
  };
  const files = imitation.files ?? { client_secret_file: `${imitation.client.secret}\n` };
  for (const [key, contents] of Object.entries(files)) {
    block[key] = broker.file(`${changes.name ?? block.name}.${key}`, contents);
    chmodSync(block[key], 0o600);
  }
  return { ...block, ...changes };
}

// A broker and an imitation: {imitation, broker, client, finish}. `options` go
// to the family, `changes` into the block, `configuration` into the file.
export async function stage(t, family, { options, changes, configuration } = {}) {
  const imitation = await new family.Family(options).listen();
  t.after(() => imitation.close());
  const broker = new Broker(t);
  broker.configure({
    providers: [blockOf(broker, family, imitation, changes)],
    ...configuration,
  });
  await broker.start();
  return {
    imitation,
    broker,
    client: broker.client,
    // What must hold at the end of every test.
    finish: () => {
      assert.deepEqual(imitation.complaints, []);
      assert.deepEqual(leaks(imitation.books.secrets, broker.log + broker.errors), []);
    },
  };
}

// Secrets that stand in `text`, clear, in Base64 or percent-encoded.
export function leaks(secrets, text) {
  const spellings = (secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  ];
  return [...secrets].filter((secret) => spellings(secret).some((each) => text.includes(each)));
}

const standard = ['state', 'code', 'iss', 'error', 'error_description'];

// CompleteAuthorization's request for a callback's parameters.
export function completion(callback) {
  const { state, code, iss, error, error_description: errorDescription } = callback;
  const others = Object.entries(callback).filter(([name]) => !standard.includes(name));
  return { state, code, iss, error, errorDescription, otherParams: Object.fromEntries(others) };
}

// Sends a user through the browser; gives the connection. `request` goes into
// StartAuthorization, `choices` are the user's.
export async function connect({ imitation, client }, { request, choices } = {}) {
  const { authorizationUrl } = await client.startAuthorization({
    ...connection,
    redirectUri: imitation.redirectUri,
    ...request,
  });
  const callback = imitation.authorize(authorizationUrl, choices);
  return (await client.completeAuthorization(completion(callback))).connection;
}

// The current access token, which the imitation's API takes.
export async function good({ imitation, client }, request = {}) {
  const answer = await client.getAccessToken({ ...connection, ...request });
  assert.ok(imitation.books.serves(answer.accessToken), 'a token that does not work');
  return answer;
}

// The API refused the current token: gives its successor.
export async function renewed(staged, request = {}) {
  const { accessToken } = await staged.client.getAccessToken({ ...connection, ...request });
  const next = await good(staged, { ...request, rejectedAccessToken: accessToken });
  assert.notEqual(next.accessToken, accessToken);
  return next;
}

export const refreshes = (imitation) =>
  imitation.asked('refresh_token').filter((entry) => entry.status === 200 && !entry.reason);

// Deletes the connection; the grant is over at the provider.
export async function remove({ imitation, client }) {
  await client.deleteConnection(connection);
  await rejects(client.getConnection(connection), {
    code: 'NOT_FOUND',
    reason: 'CONNECTION_NOT_FOUND',
  });
  // First, for it explains the rest.
  assert.deepEqual(imitation.complaints, []);
  assert.ok(imitation.books.grants.every((grant) => grant.ended), 'a grant that lives on');
}

// Declares the common tests. `request` and `choices` as for connect, `changes`
// and `configuration` as for stage; `byClock`: whether the clock refreshes.
export function journey(
  family,
  { request, choices, changes, configuration, byClock = true } = {},
) {
  const go = { request, choices };
  const set = (t, options) => stage(t, family, { options, changes, configuration });

  test(`${family.preset}: start, complete, get, refresh, delete`, async (t) => {
    const staged = await set(t);
    const made = await connect(staged, go);
    assert.equal(made.state, 'STATE_ACTIVE');
    assert.equal(made.generation, 1);
    const first = await good(staged);
    assert.equal(first.generation, 1);
    assert.equal((await good(staged)).accessToken, first.accessToken);
    // Twice: a provider that rotates has to get what it gave last.
    assert.equal((await renewed(staged)).generation, 2);
    assert.equal((await renewed(staged)).generation, 3);
    await remove(staged);
    staged.finish();
  });

  test(`${family.preset}: ${byClock ? 'the clock refreshes' : 'the clock leaves it alone'}`, async (t) => {
    const staged = await set(t, { lifeSeconds: 3 });
    const made = await connect(staged, go);
    if (byClock) {
      await until(() => refreshes(staged.imitation).length >= 2, 'two refreshes');
      // What the provider answered is served once it is stored.
      const served = () => staged.client.getAccessToken(connection);
      await until(async () => (await served()).generation >= 3, 'the second one');
    } else {
      assert.equal(made.refreshTime, null);
    }
    staged.finish();
  });

  test(`${family.preset}: a user who refuses`, async (t) => {
    const staged = await set(t);
    await rejects(connect(staged, { request, choices: { ...choices, deny: true } }), {
      code: 'FAILED_PRECONDITION',
      reason: 'AUTHORIZATION_DENIED',
    });
    assert.equal(staged.imitation.ledger.length, 0);
    staged.finish();
  });
}
