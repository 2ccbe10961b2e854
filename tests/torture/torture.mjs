// SPDX-License-Identifier: Apache-2.0
//
// ./dev torture: kills, stops and provider faults at random, and an oracle that
// compares what everybody saw.
import { existsSync } from 'node:fs';
import { failpointsBinary } from '../end_to_end/broker.mjs';
import { campaign } from './campaign.mjs';
import { judge } from './oracle.mjs';
import { failpointsOf, parseOptions, usage } from './options.mjs';
import { print } from './report.mjs';

let options;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${error.message}\n\n${usage}`);
  process.exit(64);
}
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const failpoints = failpointsOf(options);
if (failpoints && !existsSync(failpointsBinary)) {
  console.error(`${failpointsBinary} is missing: ./dev build makes it`);
  process.exit(64);
}
console.log(`--seed ${options.seed}${failpoints && ` failpoints ${failpoints}`}`);
const history = await campaign(options, (line) => console.log(line));
const violations = judge(history);
print(history, violations);
console.log(violations.length === 0 ? 'held' : `BROKEN with --seed ${options.seed}`);
process.exit(violations.length === 0 ? 0 : 1);
