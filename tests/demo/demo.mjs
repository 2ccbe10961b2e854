// SPDX-License-Identifier: Apache-2.0
//
// `./dev run`: the main job on a machine that has nothing. Starts a real OpenID
// provider on loopback, because a newcomer has no registered client yet, and the
// broker on an embedded RocksDB; walks one authorization through both and tells
// each step; then serves until Ctrl-C (`--once`: ends by itself).
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { Broker, binary } from '../end_to_end/broker.mjs';
import { alice, until } from '../end_to_end/expect.mjs';
import { clients, consent, redirectUri, startProvider } from '../provider/provider.mjs';

const { values: options } = parseArgs({ options: { once: { type: 'boolean' } } });
const accessTokenTtl = options.once ? 6 : 20;

const say = (text = '') => process.stdout.write(`${text}\n`);
const step = (text) => say(`\n== ${text}`);
// A demonstration's tokens are worth nothing, but nobody should get used to
// seeing whole ones.
const shorten = (token) => `${token.slice(0, 12)}... (${token.length} bytes)`;
const shell = (command) => `  ${command}`;

// The documented port if it is free, so that the README's commands work.
const freePort = (port) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });

async function walk(broker, provider) {
  const { client } = broker;

  step('StartAuthorization: a service asks where to send its user');
  const started = await client.startAuthorization({ ...alice, redirectUri });
  say(`The broker made a state and a PKCE challenge and gave this URL:\n  ${
    started.authorizationUrl.slice(0, 110)}...`);

  step("The user's browser goes there, and the user consents");
  const callback = await consent(started.authorizationUrl);
  say(`The provider sent the browser back with: ${Object.keys(callback).join(', ')}`);

  step('CompleteAuthorization: the service hands the callback to the broker');
  const { connection } = await client.completeAuthorization(callback);
  say(`The broker exchanged the code. The connection: ${connection.state}, for ${
    connection.account.email}, scopes ${connection.scopes.join(' ')}`);

  step('GetAccessToken: from now on any service with a rule may ask');
  const first = await client.getAccessToken(alice);
  say(`Access token ${shorten(first.accessToken)}, generation ${
    first.generation}, good for ${accessTokenTtl} s`);
  const userinfo = await (await provider.userinfo(first.accessToken)).json();
  say(`The provider's userinfo endpoint takes it and says: ${JSON.stringify(userinfo)}`);

  step('The broker refreshes by itself, before the token expires');
  const expiry = Number(first.expireTime.seconds) * 1000;
  const second = await until(
    async () => {
      const token = await client.getAccessToken(alice);
      return token.generation > first.generation && token;
    },
    'a refresh',
    accessTokenTtl * 1000,
  );
  const early = (expiry - Date.now()) / 1000;
  if (early <= 0) throw new Error('the refresh came after the expiry');
  say(`Access token ${shorten(second.accessToken)}, generation ${
    second.generation}, ${early.toFixed(1)} s before the first one ended`);
  const spent = provider.ledger.filter((e) => e.grantType === 'refresh_token');
  say(`The provider saw ${spent.length} refresh and rotated the refresh token; ` +
    'nobody but the broker ever held it.');
  if ((await provider.userinfo(second.accessToken)).status !== 200) {
    throw new Error('the provider does not take the refreshed token');
  }
}

function printCommands(broker) {
  const request = '\'{"provider":"corp","subject":"alice"}\'';
  const method = 'tokenbroker.v1.TokenBrokerService/GetAccessToken';
  step('Try next, in another terminal');
  for (const command of [
    `${binary} call GetAccessToken ${request} --address ${broker.address}`,
    `${binary} call ListConnections --address ${broker.address}`,
    `tests/node_modules/.bin/buf curl --protocol grpc --http2-prior-knowledge -d ${
      request} http://${broker.address}/${method}`,
    `grpcurl -plaintext -d ${request} ${broker.address} ${method}`,
    `curl '${broker.http}/readyz?verbose'`,
  ]) {
    say(shell(command));
  }
}

// Whoever stops the demonstration, at whatever moment, leaves no process and no
// folder behind.
const stopped = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, resolve);
  }
});
let serving = false;

const cleanups = [];
async function cleanUp() {
  while (cleanups.length > 0) await cleanups.pop()();
}

async function main() {
  step('A certified OpenID provider (npm oidc-provider) on loopback');
  const provider = await startProvider({ accessTokenTtl });
  cleanups.push(() => provider.close());
  say(`${provider.issuer}: rotating refresh tokens, access tokens of ${accessTokenTtl} s`);

  step('The broker on an embedded RocksDB');
  const broker = new Broker({ after: (f) => cleanups.push(f) });
  broker.configure({
    grpc: { address: `127.0.0.1:${await freePort(7443)}`, reflection: true },
    http: { address: `127.0.0.1:${await freePort(7480)}` },
    providers: [broker.oidc(provider, clients.basic)],
  });
  await broker.start();
  say(`API on ${broker.address}, probes and metrics on ${broker.http}`);
  say(`configuration ${broker.configFile}`);

  await walk(broker, provider);
  printCommands(broker);
  if (options.once) {
    step('Done');
    const code = await broker.stop();
    if (code !== 0) throw new Error(`the broker ended with ${code}`);
    return;
  }
  serving = true;
  say('\nServing until Ctrl-C.');
  await Promise.race([
    stopped,
    broker.exited.then(({ code }) => {
      throw new Error(`the broker ended with ${code}: ${broker.errors}`);
    }),
  ]);
}

try {
  await Promise.race([
    main(),
    stopped.then(() => {
      if (!serving) throw new Error('interrupted');
    }),
  ]);
} catch (error) {
  console.error(`\nThe demonstration failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
// An interrupted walk may still wait for something.
process.exit();
