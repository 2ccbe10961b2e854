// SPDX-License-Identifier: Apache-2.0
//
// That imitations are as strict as they claim: the binary's own requests are
// damaged on the way in every way there is, and each is refused and complained
// of. A preset that is wrong is found by nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Broker } from '../end_to_end/broker.mjs';
import { until } from '../end_to_end/expect.mjs';
import * as apple from './apple.mjs';
import { damages } from './damage.mjs';
import * as facebook from './facebook.mjs';
import * as github from './github-app.mjs';
import * as google from './google.mjs';
import * as instagram from './instagram.mjs';
import { blockOf, connect, connection, renewed, stage } from './journey.mjs';
import * as kakao from './kakao.mjs';
import * as microsoft from './microsoft.mjs';
import * as naver from './naver.mjs';
import * as notion from './notion.mjs';
import * as okta from './okta.mjs';
import * as shopify from './shopify.mjs';
import * as slack from './slack.mjs';
import * as spotify from './spotify.mjs';
import * as wechat from './wechat.mjs';
import * as x from './x.mjs';
import * as zoho from './zoho.mjs';

// `mayMiss`: what the broker sends and the provider does without; `ignored`:
// what it does not compare; `headers`: which it wants; `request`: what an
// authorization is started with; `refresh`: how a token is renewed; `count`: the
// requests of a life.
const families = [
  { family: google },
  { family: kakao },
  { family: naver, mayMiss: ['redirect_uri', 'service_provider'] },
  { family: apple, mayMiss: ['code_verifier'], ignored: ['code_verifier'] },
  { family: github, mayMiss: ['redirect_uri'] },
  { family: slack },
  { family: microsoft, count: 2 },
  { family: shopify, mayMiss: ['redirect_uri'], ...shopify.forShop, count: 2 },
  { family: okta },
  { family: zoho },
  { family: x },
  { family: wechat, count: 2 },
  { family: notion, headers: ['notion-version'] },
  { family: facebook, refresh: exchanged },
  { family: instagram, refresh: exchanged, count: 2 },
  { family: spotify, count: 2 },
];

// What a code brings is exchanged by itself.
function exchanged({ imitation }) {
  return until(() => imitation.ledger.length >= 2, 'the exchange');
}

// One of each request that a connection costs.
async function live(staged, { request, refresh = renewed }, provider = connection.provider) {
  await connect(staged, { request: { ...request, provider } });
  await refresh(staged, { provider });
  await staged.client.deleteConnection({ ...connection, provider });
}

// The requests of a life without trouble.
async function requestsOf(t, family, what) {
  const staged = await stage(t, family);
  const requests = [];
  staged.imitation.meddle = (asked) => {
    requests.push({ ...asked, headers: { ...asked.headers } });
  };
  await live(staged, what);
  staged.finish();
  return requests;
}

// Every damage to every request: {name, index, change}.
const all = (requests, what) =>
  requests.flatMap((request, index) =>
    damages(request, what).map(({ name, change }) => ({
      name: `${request.method} ${request.path} (${index}): ${name}`,
      index,
      change,
    })),
  );

// An imitation for each, which changes the request number `index` of its life.
const meddling = (t, family, cases) =>
  Promise.all(
    cases.map(async ({ index, change }) => {
      const imitation = await new family.Family().listen();
      t.after(() => imitation.close());
      let seen = 0;
      imitation.meddle = (asked) => {
        if (seen++ === index) change(asked);
      };
      return imitation;
    }),
  );

for (const { family, count = 3, ...what } of families) {
  test(`${family.preset} refuses whatever is wrong with a request`, async (t) => {
    const requests = await requestsOf(t, family, what);
    assert.equal(requests.length, count);
    const cases = all(requests, what);
    const imitations = await meddling(t, family, cases);
    const broker = new Broker(t);
    const providers = imitations.map((imitation, number) =>
      blockOf(broker, family, imitation, { name: `damage-${number}` }),
    );
    await broker.configure({ providers }).start();
    for (const [number, { name, index }] of cases.entries()) {
      const imitation = imitations[number];
      await live({ imitation, client: broker.client }, what, `damage-${number}`).catch(() => {});
      assert.ok(imitation.ledger.length > index, `${name}: the request never came`);
      assert.ok(imitation.complaints.length > 0, `${name}: taken without a word`);
    }
    t.diagnostic(`${cases.length} damages`);
  });
}

// Authorization URLs are seen by the user's browser only.
for (const { family, request } of families) {
  test(`${family.preset} refuses whatever is wrong with an authorization URL`, async (t) => {
    const { imitation, client } = await stage(t, family);
    const { authorizationUrl: url } = await client.startAuthorization({
      ...connection,
      redirectUri: imitation.redirectUri,
      ...request,
    });
    const start = new URL(url);
    const good = { method: 'GET', path: start.pathname, search: start.search, headers: {}, body: '' };
    const unneeded = ['code_challenge', 'code_challenge_method'].filter(() => family === apple);
    const free = ['access_type', 'prompt', 'scope', 'nonce', 'response_mode'];
    for (const { name, change } of damages(good, { mayMiss: [...free, ...unneeded] })) {
      if (name === 'PATCH') continue;
      const damaged = { ...good, headers: {} };
      change(damaged);
      const complaints = imitation.complaints.length;
      assert.throws(
        () =>
          imitation.authorize(
            start.origin + damaged.path + damaged.search.replaceAll('+', '%20') + start.hash,
          ),
        /bad_request/,
        name,
      );
      assert.equal(imitation.complaints.length, complaints + 1, name);
    }
  });
}
