// SPDX-License-Identifier: Apache-2.0
//
// What `./dev torture` can be told.
import { parseArgs } from 'node:util';
import { kinds } from '../simulator/faults.mjs';
import { rotations } from '../simulator/rotation.mjs';

export const defaults = {
  cycles: 100,
  faults: 0.1,
  // Empty: all but those after which a client stays away for long.
  fault: [],
  killShare: 0.7,
  rotation: rotations,
  connections: 40,
  callers: 8,
  weaken: '',
  failpoints: '',
};

export const usage = `./dev torture [--cycles N] [--seed S] [--faults RATE] [--fault KIND]... [--kill-share P]
              [--rotation CLASS...] [--connections N] [--callers N]
              [--weaken STEPS] [--failpoints 'NAME=ACTION;...']
  --cycles       how often the broker is ended and started again: ${defaults.cycles}
  --seed         of every decision; printed, so that a run can be repeated
  --faults       the share of requests that meet a fault: ${defaults.faults}
  --fault        only this one, or these; tests/simulator/faults.mjs lists them
  --kill-share   the share of ends by kill -9; the others are SIGTERM: ${defaults.killShare}
  --rotation     ${rotations.join(', ')}; default: all
  --connections  of each class: ${defaults.connections}
  --callers      who ask for tokens all the time: ${defaults.callers}
  --weaken       steps of the protocol to leave out, to see the oracle fire:
                 storage.attempt, storage.sync, broker.flights, storage.compare
  --failpoints   more of them, as broker/failpoints.h has it:
                 'exchange.after_send=kill@0.01;storage.before_write=delay:20'`;

// Throws a message for people.
export function parseOptions(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      cycles: { type: 'string' },
      seed: { type: 'string' },
      faults: { type: 'string' },
      fault: { type: 'string', multiple: true },
      'kill-share': { type: 'string' },
      rotation: { type: 'string', multiple: true },
      connections: { type: 'string' },
      callers: { type: 'string' },
      weaken: { type: 'string' },
      failpoints: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const number = (name, fallback) => {
    const value = Number(values[name] ?? fallback);
    if (!(value >= 0)) throw new Error(`--${name}: a number, please`);
    return value;
  };
  const known = (name, list, all) => {
    const other = list.find((value) => !all.includes(value));
    if (other) throw new Error(`--${name} ${other}: there are ${all.join(', ')}`);
    return list;
  };
  // `--rotation strict grace` and `--rotation strict --rotation grace`.
  const chosen = [...(values.rotation ?? []), ...positionals];
  return {
    help: values.help ?? false,
    cycles: number('cycles', defaults.cycles),
    seed: number('seed', Date.now() % 1000000),
    faults: number('faults', defaults.faults),
    fault: known('fault', values.fault ?? defaults.fault, kinds),
    killShare: number('kill-share', defaults.killShare),
    rotation: known('rotation', chosen.length > 0 ? chosen : defaults.rotation, rotations),
    connections: number('connections', defaults.connections),
    callers: number('callers', defaults.callers),
    weaken: values.weaken ?? defaults.weaken,
    failpoints: values.failpoints ?? defaults.failpoints,
  };
}

// The value of TOKENBROKER_FAILPOINTS; empty: the ordinary binary runs.
export function failpointsOf({ weaken, failpoints }) {
  const off = weaken
    .split(/[;,]/)
    .filter(Boolean)
    .map((step) => (step.includes('=') ? step : `${step}=off`));
  return [...off, failpoints].filter(Boolean).join(';');
}
