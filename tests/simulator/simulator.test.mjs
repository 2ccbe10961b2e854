// SPDX-License-Identifier: Apache-2.0
//
// That the simulator does what its tables say.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Faults, kinds, table } from './faults.mjs';
import { Grants, parseToken } from './rotation.mjs';
import { consent, redirectUri, startSimulator } from './simulator.mjs';

const client = { id: 'broker', secret: 'p+ss%w:rd &=/two' };
const verifier = 'v'.repeat(43);

async function world(t, options = {}) {
  const simulator = await startSimulator({ rotation: 'strict', client, ...options });
  t.after(() => simulator.close());
  const token = (params, { signal = AbortSignal.timeout(5000), id = client.id } = {}) => {
    const pair = [id, client.secret].map(encodeURIComponent).join(':');
    return fetch(`${simulator.issuer}/token`, {
      method: 'POST',
      redirect: 'manual',
      signal,
      headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
      body: new URLSearchParams(params),
    });
  };
  const authorize = (subject, changes = {}) => {
    const url = new URL(`${simulator.issuer}/authorize`);
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: client.id,
      redirect_uri: redirectUri,
      state: 'the-state',
      login_hint: subject,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...changes,
    });
    return consent(url);
  };
  const redeem = (code, changes = {}) =>
    token({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...changes,
    });
  const refresh = (refreshToken, options) =>
    token({ grant_type: 'refresh_token', refresh_token: refreshToken }, options);
  const connect = async (subject = 'alice') =>
    (await redeem((await authorize(subject)).code)).json();
  return { simulator, authorize, redeem, refresh, connect };
}

// Steps: `rN` presents the refresh token of the N-th set of the family; `+S` lets
// S seconds pass. Behind each is the serial of the set that it brought, or the
// verdict.
const life = [
  ['never', 'r1=2 r1=3 +999 r1=4'],
  ['until_first_use', 'r1=2 r2=3 r3=4'],
  ['until_first_use', 'r1=2 +999 r1=3 r1=4 r4=5'],
  ['until_first_use', 'r1=2 r2=3 r1=reused r3=ended'],
  ['until_first_use', 'r1=2 r1=3 r3=4 r2=reused r4=ended'],
  ['grace', 'r1=2 +9 r1=3 r3=4'],
  ['grace', 'r1=2 +9 r1=3 +2 r1=reused r3=ended'],
  ['grace', 'r1=2 r2=3 r1=reused r3=ended'],
  ['strict', 'r1=2 r2=3 +999 r3=4'],
  ['strict', 'r1=2 r1=reused r2=ended'],
];

test('each rotation class does with an old refresh token what it says', async (t) => {
  for (const [rotation, steps] of life) {
    await t.test(`${rotation}: ${steps}`, () => {
      const grants = new Grants({ rotation, graceSeconds: 10, life: () => 60 });
      let now = 1000;
      const sets = [undefined, grants.found('alice', now)];
      for (const step of steps.split(' ')) {
        if (step.startsWith('+')) {
          now += Number(step.slice(1)) * 1000;
          continue;
        }
        const [, serial, expected] = /^r(\d+)=(.*)$/.exec(step);
        const { verdict, issued } = grants.present(sets[serial].refreshToken, now);
        assert.equal(String(issued?.serial ?? verdict), expected, step);
        if (issued) sets.push(issued);
      }
    });
  }
});

test('reuse ends the whole family, access tokens too, and no other', () => {
  const grants = new Grants({ rotation: 'strict', life: () => 60 });
  const [mine, other] = [grants.found('alice', 0), grants.found('alice', 0)];
  const { issued } = grants.present(mine.refreshToken, 0);
  assert.equal(grants.accessStatus(issued.accessToken, 59999), 200);
  assert.equal(grants.accessStatus(issued.accessToken, 60000), 401);
  grants.present(mine.refreshToken, 0);
  assert.equal(grants.endOf(mine.family), 'reuse');
  assert.equal(grants.accessStatus(mine.accessToken, 0), 401);
  assert.equal(grants.accessStatus(issued.accessToken, 0), 401);
  assert.equal(grants.accessStatus(other.accessToken, 0), 200);
});

test('a token says what it is', () => {
  const grants = new Grants({ rotation: 'strict', life: () => 60 });
  const { refreshToken, accessToken } = grants.found('alice', 0);
  const said = { subject: 'alice', family: 1, serial: 1 };
  assert.deepEqual(parseToken(refreshToken), { kind: 'rt', ...said });
  assert.deepEqual(parseToken(accessToken), { kind: 'at', ...said });
  assert.equal(parseToken('whatever'), undefined);
});

test('a whole life: consent, code, refresh, resource, revocation', async (t) => {
  const { simulator, authorize, redeem, refresh } = await world(t);
  const callback = await authorize('alice');
  assert.equal(callback.state, 'the-state');
  assert.equal(callback.iss, simulator.issuer);
  const first = await (await redeem(callback.code)).json();
  assert.equal(simulator.resourceStatus(first.access_token), 200);
  const second = await (await refresh(first.refresh_token)).json();
  assert.notEqual(second.refresh_token, first.refresh_token);
  simulator.revokeGrants('alice');
  assert.equal(simulator.resourceStatus(second.access_token), 401);
  assert.equal((await refresh(second.refresh_token)).status, 400);

  const { entries } = simulator.ledger;
  assert.deepEqual(
    entries.map((e) => [e.kind, e.subject, e.family, e.serial, e.verdict, e.delivered]),
    [
      ['code', 'alice', undefined, undefined, 'founded', true],
      ['refresh', 'alice', 1, 1, 'refreshed', true],
      ['revoked_by_user', 'alice', undefined, undefined, undefined, undefined],
      ['refresh', 'alice', 1, 2, 'ended', true],
    ],
  );
  assert.equal(entries[1].issued.refreshToken, second.refresh_token);
  assert.ok(entries[1].arrived <= entries[1].committed && entries[1].committed <= entries[1].ended);
});

test('the client, the redirect URI, PKCE and the code are checked', async (t) => {
  const { authorize, redeem, refresh, connect } = await world(t);
  await assert.rejects(authorize('alice', { client_id: 'other' }));
  await assert.rejects(authorize('alice', { redirect_uri: 'http://127.0.0.1:8/' }));
  const plain = await authorize('alice', { code_challenge_method: 'plain' });
  assert.equal(plain.error, 'invalid_request');
  const { code } = await authorize('alice');
  assert.equal((await redeem(code, { code_verifier: 'another' })).status, 400);
  assert.equal((await redeem(code, { redirect_uri: 'http://elsewhere/' })).status, 400);
  assert.equal((await redeem(code)).status, 200);
  assert.equal((await redeem(code)).status, 400);
  const { refresh_token: token } = await connect();
  assert.equal((await refresh(token, { id: 'other' })).status, 401);
  assert.equal((await refresh('rt.made.1.1.up')).status, 400);
});

test('more requests in a second than it takes are refused and counted', async (t) => {
  const { simulator, connect, refresh } = await world(t, { rotation: 'never', maxPerSecond: 5 });
  const { refresh_token: token } = await connect();
  const answers = await Promise.all(Array.from({ length: 9 }, () => refresh(token)));
  assert.equal(answers.filter((a) => a.status === 200).length, 4);
  assert.equal(answers.filter((a) => a.status === 429).length, 5);
  assert.equal(simulator.refusedByRate, 5);
});

// What a client sees that waits for half a second.
async function look(answer) {
  try {
    const response = await answer;
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    return { error: error.name === 'TimeoutError' ? 'timeout' : 'broken' };
  }
}

const isJson = (text) => {
  try {
    return Boolean(JSON.parse(text));
  } catch {
    return false;
  }
};

// What each fault looks like.
const looks = {
  delay_before_commit: (a) => a.status === 200 && isJson(a.text),
  delay_after_commit: (a) => a.status === 200 && isJson(a.text),
  reset_before_body: (a) => a.error === 'broken',
  reset_after_commit: (a) => a.error === 'broken',
  cut_in_body: (a) => a.error === 'broken',
  too_many_seconds: (a) => a.status === 429 && a.headers.get('retry-after') === '1',
  too_many_date: (a) => a.status === 429 && Date.parse(a.headers.get('retry-after')) > Date.now() - 500,
  too_many_garbage: (a) => a.status === 429 && a.headers.get('retry-after') === 'in a while',
  too_many_absurd: (a) => a.status === 429 && Number(a.headers.get('retry-after')) > 1e18,
  too_many_bare: (a) => a.status === 429 && !a.headers.has('retry-after'),
  status_500: (a) => a.status === 500 && a.text.includes('<html>'),
  status_502: (a) => a.status === 502 && a.text.includes('<html>'),
  status_503: (a) => a.status === 503 && a.text.includes('<html>'),
  status_504: (a) => a.status === 504 && a.text.includes('<html>'),
  temporarily_unavailable: (a) => a.status === 400 && a.text.includes('temporarily_unavailable'),
  slow_down: (a) => a.status === 400 && a.text.includes('slow_down'),
  garbage_200: (a) => a.status === 200 && !isJson(a.text),
  html_200: (a) => a.status === 200 && a.text.includes('<html>'),
  no_access_token: (a) => a.status === 200 && isJson(a.text) && !a.text.includes('"access_token"'),
  truncated_json: (a) => a.status === 200 && a.text.includes('access_token') && !isJson(a.text),
  slow_head: (a) => a.error === 'timeout',
  slow_body: (a) => a.error === 'timeout',
  huge_body: (a) => a.status === 200 && a.text.length > 256 << 10,
  redirect: (a) => a.status === 302,
  invalid_grant_once: (a) => a.status === 400 && a.text.includes('invalid_grant'),
  invalid_client: (a) => a.status === 401 && a.text.includes('invalid_client'),
};

test('each fault is what it is called, and the grant moves on or not as its row says', async (t) => {
  const { simulator, connect, refresh } = await world(t);
  assert.deepEqual(Object.keys(looks).sort(), [...kinds].sort());
  for (const kind of kinds) {
    await t.test(kind, async () => {
      const { refresh_token: token } = await connect(kind);
      simulator.faults.next({ kind, ms: 50 });
      const answer = await look(refresh(token, { signal: AbortSignal.timeout(500) }));
      assert.ok(looks[kind](answer), JSON.stringify(answer).slice(0, 300));
      const entry = simulator.ledger.entries.at(-1);
      assert.equal(entry.fault, kind);
      assert.equal(Boolean(entry.committed), table[kind].commits);
      assert.equal(Boolean(entry.issued), table[kind].commits);
      // A strict provider: the old token is good if and only if nothing moved.
      const again = await refresh(token);
      assert.equal(again.status, table[kind].commits ? 400 : 200);
    });
  }
});

test('who has left before the commit is not worked for', async (t) => {
  const { simulator, connect, refresh } = await world(t);
  const { refresh_token: token } = await connect();
  simulator.faults.next({ kind: 'delay_before_commit', ms: 300 });
  const answer = await look(refresh(token, { signal: AbortSignal.timeout(100) }));
  assert.equal(answer.error, 'timeout');
  assert.equal((await refresh(token)).status, 200);
  await sleep(400);
  assert.equal(simulator.ledger.entries[1].verdict, 'left');
});

test('by chance: the same seed plays the same faults, at about the rate', () => {
  const played = (seed) => {
    const faults = new Faults(seed);
    faults.mix({ rate: 0.3 });
    return Array.from({ length: 2000 }, () => faults.take()?.kind);
  };
  assert.deepEqual(played(7), played(7));
  assert.notDeepEqual(played(7), played(8));
  const share = played(7).filter(Boolean).length / 2000;
  assert.ok(share > 0.25 && share < 0.35, `${share}`);
});

test('a living grant is denied once between two refreshes', async (t) => {
  const { simulator, connect, refresh } = await world(t, { rotation: 'never' });
  const { refresh_token: token } = await connect();
  simulator.faults.next('invalid_grant_once', 'invalid_grant_once', 'invalid_grant_once');
  const statuses = [];
  for (let i = 0; i < 4; ++i) statuses.push((await refresh(token)).status);
  assert.deepEqual(statuses, [400, 200, 400, 200]);
});
