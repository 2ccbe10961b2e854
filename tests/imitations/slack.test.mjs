// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejects, until } from '../end_to_end/expect.mjs';
import { ended, refused } from './checks.mjs';
import { lost } from './imitation.mjs';
import { connect, connection, good, journey, refreshes, remove, renewed, stage } from './journey.mjs';
import * as slack from './slack.mjs';

const user = { tokenName: 'user' };
const forBoth = { request: { extraParams: { user_scope: 'search:read,users:read' } } };

// Whose token it is.
const kindOf = (imitation, { accessToken }) => imitation.books.byAny(accessToken).kind;

journey(slack);

test('slack: one consent gives two tokens, and each is refreshed with its own', async (t) => {
  const staged = await stage(t, slack);
  const { imitation, client } = staged;
  const made = await connect(staged, forBoth);
  assert.equal(made.tokenName, '');
  assert.deepEqual(made.scopes, ['chat:write', 'channels:read']);
  assert.equal(made.attributes.team_id, 'T1');
  assert.equal(made.attributes.user_id, 'U1');

  const bots = await good(staged);
  const users = await good(staged, user);
  assert.equal(kindOf(imitation, bots), 'bot');
  assert.equal(kindOf(imitation, users), 'user');
  assert.deepEqual(users.scopes, ['search:read', 'users:read']);

  // The imitation gives a pair for the kind of token that is presented.
  for (const generation of [2, 3]) {
    const next = await renewed(staged, user);
    assert.equal(kindOf(imitation, next), 'user');
    assert.equal(next.generation, generation);
  }
  assert.deepEqual(await good(staged), bots);
  const next = await renewed(staged);
  assert.equal(kindOf(imitation, next), 'bot');
  assert.equal(next.generation, 2);

  const { connection: shown } = await client.getConnection({ ...connection, ...user });
  assert.equal(shown.tokenName, 'user');
  assert.equal(shown.generation, 3);
  const { connections } = await client.listConnections({});
  assert.deepEqual(connections.map((each) => each.tokenName), ['', 'user']);

  await remove(staged);
  assert.equal(imitation.ledger.filter(({ path }) => path === '/api/auth.revoke').length, 2);
  staged.finish();
});

test('slack: the clock refreshes both', async (t) => {
  const staged = await stage(t, slack, { options: { lifeSeconds: 3 } });
  await connect(staged, forBoth);
  const counted = (kind) =>
    refreshes(staged.imitation).filter(({ answer }) => answer.token_type === kind).length;
  await until(() => counted('bot') >= 2 && counted('user') >= 2, 'two refreshes of each');
  await good(staged);
  await good(staged, user);
  staged.finish();
});

test('slack: a kill loses neither', async (t) => {
  const staged = await stage(t, slack);
  const { imitation, broker } = staged;
  await connect(staged, forBoth);
  const users = await renewed(staged, user);
  await broker.kill();
  await broker.start();
  staged.client = broker.client;
  assert.equal(kindOf(imitation, await good(staged)), 'bot');
  assert.equal((await good(staged, user)).accessToken, users.accessToken);
  await renewed(staged);
  await renewed(staged, user);
  staged.finish();
});

test('slack: without user scopes there is no user token', async (t) => {
  const staged = await stage(t, slack);
  await connect(staged);
  await rejects(staged.client.getAccessToken({ ...connection, ...user }), {
    code: 'NOT_FOUND',
    reason: 'CONNECTION_NOT_FOUND',
  });
  staged.finish();
});

test('slack: without bot scopes the user token is the main one', async (t) => {
  const staged = await stage(t, slack, { changes: { scopes: [] } });
  const made = await connect(staged, forBoth);
  assert.equal(made.attributes.team_id, 'T1');
  assert.equal(kindOf(staged.imitation, await good(staged)), 'user');
  assert.equal(kindOf(staged.imitation, await renewed(staged)), 'user');
  await remove(staged);
  staged.finish();
});

test('slack: a user token that ends does not end the bot token', async (t) => {
  const staged = await stage(t, slack);
  await connect(staged, forBoth);
  staged.imitation.books.end(staged.imitation.grantOf('user'));
  assert.equal(await ended(staged, user), 'GRANT_REJECTED');
  await good(staged);
  await renewed(staged);
  const { connection: shown } = await staged.client.getConnection(connection);
  assert.equal(shown.state, 'STATE_ACTIVE');
  staged.finish();
});

test('slack: a lost answer costs one pair: its refresh token is refused the second time', async (t) => {
  const staged = await stage(t, slack, { options: { lifeSeconds: 4 } });
  const { imitation, client } = staged;
  await connect(staged, forBoth);
  imitation.next(lost);
  // Whichever was due first.
  const over = async (request) => {
    const answer = await client.getConnection({ ...connection, ...request });
    return answer.connection.reason === 'REASON_ROTATION_LOST';
  };
  const isUsers = await until(
    async () => ((await over(user)) && [true]) || ((await over({})) && [false]),
    'an end',
  );
  await good(staged, isUsers[0] ? {} : user);
  // It was tried again when nothing was left to lose.
  assert.match(imitation.complaints.splice(0, 1)[0], /spent_refresh_token/);
  staged.finish();
});

test('slack: errors with status 200 are errors', async (t) => {
  const staged = await stage(t, slack);
  await connect(staged);
  const { accessToken } = await good(staged);
  staged.imitation.next(slack.failure('bad_client_secret'));
  await rejects(
    staged.client.getAccessToken({ ...connection, rejectedAccessToken: accessToken }),
    { code: 'FAILED_PRECONDITION', reason: 'PROVIDER_MISCONFIGURED' },
  );
  // Nothing is lost: the token is served on.
  await good(staged);
  staged.finish();
});

test('slack: the imitation refuses what Slack refuses', async (t) => {
  await refused(t, slack, /wrong_client/, {
    changes: { token_endpoint_auth_method: 'none', client_secret_file: undefined },
  });
  await refused(t, slack, /code_challenge is not a parameter/, {
    changes: { pkce: 'supported' },
  });
  await refused(t, slack, /no code$/, {
    changes: { code_request: { names: { code: 'auth_code' } } },
  });
});
