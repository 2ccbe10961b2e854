// SPDX-License-Identifier: Apache-2.0
//
// One campaign: providers that fail, callers who ask, and a broker that is ended
// and started again. Gives the history for the oracle. Every decision comes from
// the seed; only timing does not.
import { setTimeout as sleep } from 'node:timers/promises';
import { Broker } from '../end_to_end/broker.mjs';
import { kinds, long } from '../simulator/faults.mjs';
import { generator, pick } from '../simulator/random.mjs';
import { startSimulator } from '../simulator/simulator.mjs';
import { Callers, record } from './callers.mjs';
import { Lives } from './lives.mjs';
import { failpointsOf } from './options.mjs';
import { Users } from './users.mjs';

const client = { id: 'broker', secret: 'a secret: with+signs%' };
const requestTimeout = 1500;
// Longer than any restart here.
const graceSeconds = 120;
// Longer than any wait a broker may have after a few failures in a row.
const longestSettling = 90000;

// Most access tokens live for 4 to 6 seconds, some for longer.
const lifeOf = (subject) => {
  const number = Number(subject.slice(1));
  return number % 10 === 9 ? 12 : 4 + (number % 3);
};

// Delays: hardly noticed, noticed, and more than the broker waits.
const mix = ({ faults: rate, fault }) => ({
  rate,
  kinds: fault.length > 0 ? fault : kinds.filter((kind) => !long.includes(kind)),
  delays: [50, 400, requestTimeout + 1000],
});

// `say` gets a line now and then.
export async function campaign(options, say = () => {}) {
  const cleanups = [];
  try {
    return await run(options, say, { after: (work) => cleanups.push(work) });
  } finally {
    for (const work of cleanups.reverse()) await work();
  }
}

async function run(options, say, t) {
  const failpoints = failpointsOf(options);
  const broker = new Broker(t);
  const simulators = [];
  for (const [i, rotation] of options.rotation.entries()) {
    const seed = options.seed * 10 + i;
    const simulator = await startSimulator({
      rotation, graceSeconds, accessTokenTtl: lifeOf, client, seed,
    });
    t.after(() => simulator.close());
    simulators.push(simulator);
  }
  const blocks = simulators.map((simulator) =>
    simulator.blockFor(broker, { request_timeout: `${requestTimeout}ms` }),
  );
  // What a dead broker sent may be read only after the next one was started, so
  // each life has its own URL.
  const configure = (life) =>
    broker.configure({
      providers: blocks.map((block) => ({
        ...block,
        token_endpoint: `${block.token_endpoint}?life=${life}`,
      })),
    });

  const world = {
    random: generator(options.seed),
    simulators,
    connections: blocks.flatMap(({ name }, i) =>
      Array.from({ length: options.connections }, (_, n) => ({
        provider: name,
        subject: `s${n}`,
        simulator: simulators[i],
      })),
    ),
    calls: [],
    lives: new Lives(broker, configure),
  };
  world.users = new Users(world);
  t.after(() => {
    world.users.ended = true;
  });
  world.callers = new Callers({ ...world, lifeOf, onLost: (call) => world.users.lost(call) });

  await startUntilServing(world);
  await Promise.all(world.connections.map((c) => world.users.consentUntilDone(c)));
  // Failpoints are for what comes after: these are there.
  await world.lives.end('term');
  if (failpoints) broker.arm(failpoints, broker.file('hits', ''));
  await startUntilServing(world);
  say(`${world.connections.length} connections`);

  for (const simulator of simulators) simulator.faults.mix(mix(options));
  world.callers.start(options.callers, options.seed);
  await cycles(world, options, say);

  say('the faults are over');
  for (const simulator of simulators) simulator.faults.off();
  if (failpoints) {
    await world.lives.end('term');
    broker.arm('', '');
  }
  const final = await settle(world);
  await world.callers.stop();
  await world.lives.end('term');
  return historyOf(world, blocks, options, failpoints, final);
}

// One step of chance after the other, whatever happens in between.
async function cycles({ random, lives, users, connections }, { cycles: count, killShare }, say) {
  for (let cycle = 0; cycle < count; ++cycle) {
    const early = random() < 0.08;
    const pause = 100 + random() * 800;
    const how = random() < killShare ? 'kill' : 'term';
    const [reconsents, revokes] = [random() < 0.3, random() < 0.1];
    const [one, other] = [pick(random, connections), pick(random, connections)];

    if (reconsents) users.consentUntilDone(one);
    await sleep(pause);
    if (revokes) other.simulator.revokeGrants(other.subject);
    await lives.end(how);
    const starting = lives.start();
    if (early) {
      // Amid the recovery of the last end.
      await sleep(15 + pause / 20);
      if (!lives.current.serving) await lives.end('kill');
    }
    await starting;
    await startUntilServing({ lives });
    if ((cycle + 1) % 25 === 0) say(`${cycle + 1} cycles`);
  }
}

// With failpoints it may end by itself at any time.
async function startUntilServing({ lives }) {
  for (let i = 0; i < 20; ++i) {
    if (lives.client) return;
    await lives.start();
  }
  throw new Error(`the broker does not start: ${lives.errors}`);
}

// Waits until every connection serves a token that its provider takes, and is at
// rest. Gives what each was in the end.
async function settle({ lives, users, callers, calls, connections }) {
  const until = Date.now() + longestSettling;
  let open = connections;
  const final = new Map();
  while (open.length > 0 && Date.now() < until) {
    await startUntilServing({ lives });
    const states = await listed(lives.client, calls);
    for (const connection of open) {
      const { provider, subject, simulator } = connection;
      const { client } = lives;
      if (!client) break;
      const call = await callers.ask(client, connection);
      final.set(connection, {
        provider,
        subject,
        state: states.get(`${provider}/${subject}`)?.state,
        answer: call,
        resourceStatus: call.token && simulator.resourceStatus(call.token),
      });
    }
    open = open.filter((c) => {
      const { state, resourceStatus } = final.get(c) ?? {};
      return state !== 'STATE_ACTIVE' || resourceStatus !== 200;
    });
    await sleep(200);
  }
  return [...final.values()];
}

async function listed(client, calls) {
  const states = new Map();
  let pageToken = '';
  do {
    const request = { pageSize: 1000, pageToken };
    const { answer } = await record(calls, client, 'listConnections', request, {});
    for (const connection of answer?.connections ?? []) {
      states.set(`${connection.provider}/${connection.subject}`, connection);
    }
    pageToken = answer?.nextPageToken ?? '';
  } while (pageToken);
  return states;
}

const historyOf = ({ simulators, lives, calls, users }, blocks, options, failpoints, final) => ({
  requestTimeout,
  failpoints,
  providers: simulators.map(({ rotation, ledger, faults }, i) => ({
    name: blocks[i].name,
    rotation,
    graceSeconds,
    entries: ledger.entries,
    played: faults.played,
  })),
  lives: lives.all,
  calls,
  losses: users.losses,
  final,
});
