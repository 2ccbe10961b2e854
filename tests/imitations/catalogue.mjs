// SPDX-License-Identifier: Apache-2.0
//
// What a preset's file says, for provider blocks that change a part of a group:
// a block replaces a group of settings whole.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../providers/catalogue');

export const presetOf = (name) => parse(readFileSync(join(folder, `${name}.yaml`), 'utf8'));

// The request as the preset has it, but to the imitation at `base`.
export const requestAt = (base, request) => ({
  ...request,
  endpoint: base + new URL(request.endpoint).pathname,
});
