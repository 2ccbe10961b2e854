// SPDX-License-Identifier: Apache-2.0
//
// A data directory whose files are damaged or gone: exit 65 with one line, and
// nothing in it is changed or made anew.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clients, startProvider } from '../provider/provider.mjs';
import { Broker, run } from './broker.mjs';
import { alice, authorize } from './expect.mjs';

const contentsOf = (folder) =>
  Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]),
  );

const flip = (path, place) => {
  const bytes = readFileSync(path);
  bytes[Math.floor(bytes.length * place)] ^= 0x40;
  writeFileSync(path, bytes);
};

// Which files, and what happens to each of them. Where RocksDB itself notices
// nothing, it has moved the log into a table before we do.
const damages = [
  ['CURRENT is gone', /^CURRENT$/, rmSync],
  ['CURRENT is empty', /^CURRENT$/, (path) => truncateSync(path)],
  ['CURRENT names another file', /^CURRENT$/, (path) => writeFileSync(path, 'MANIFEST-999999\n')],
  ['the manifest is gone', /^MANIFEST-/, rmSync],
  ['the manifest is empty', /^MANIFEST-/, (path) => truncateSync(path)],
  ['a bit of the manifest flipped', /^MANIFEST-/, (path) => flip(path, 0.5)],
  ['the tables are gone', /\.sst$/, rmSync],
  ['the tables are empty', /\.sst$/, (path) => truncateSync(path)],
  ['the tables are cut in half', /\.sst$/, (path) => truncateSync(path, readFileSync(path).length >> 1)],
  ['a bit of every table flipped', /\.sst$/, (path) => flip(path, 0.01), { noticedLate: true }],
  ['the log is gone', /\.log$/, rmSync],
  ['a bit in the middle of the log flipped', /\.log$/, (path) => flip(path, 0.5)],
];

test('a damaged data directory is refused and left as it is', async (t) => {
  const provider = await startProvider({ accessTokenTtl: 300 });
  t.after(() => provider.close());
  const broker = new Broker(t);
  broker.configure({ providers: [broker.oidc(provider, clients.basic)] });
  // The second start moves what the first wrote from the log into tables.
  for (const subject of ['alice', 'bob']) {
    await broker.start();
    for (let i = 0; i < 3; ++i) await authorize(broker.client, { subject });
    assert.equal(await broker.stop(), 0);
  }
  const good = contentsOf(broker.data);
  const restore = () => {
    for (const name of readdirSync(broker.data)) rmSync(join(broker.data, name));
    for (const [name, bytes] of Object.entries(good)) {
      writeFileSync(join(broker.data, name), bytes);
    }
  };

  for (const [name, files, damage, { noticedLate } = {}] of damages) {
    await t.test(name, async () => {
      restore();
      const hit = readdirSync(broker.data).filter((file) => files.test(file));
      assert.ok(hit.length > 0);
      for (const file of hit) damage(join(broker.data, file));
      const before = contentsOf(broker.data);
      // The second start must not take for new what the first has refused.
      for (let start = 0; start < 2; ++start) {
        const result = await run('serve', '--config', broker.configFile);
        assert.equal(result.code, 65, result.stderr);
        assert.equal(result.stderr.trim().split('\n').length, 1, result.stderr);
        assert.match(result.stderr, /data directory .*restore it from a backup/);
        assert.doesNotMatch(result.stdout, /"event":"serving"/);
        const after = contentsOf(broker.data);
        if (!noticedLate) assert.deepEqual(Object.keys(after), Object.keys(before));
        for (const file of noticedLate ? hit : Object.keys(before)) {
          assert.ok(after[file].equals(before[file]), `${file} was changed`);
        }
      }
      // What was damaged is all that is: put back, everybody is there.
      for (const file of noticedLate ? hit : Object.keys(good)) {
        writeFileSync(join(broker.data, file), good[file]);
      }
      await broker.start();
      for (const subject of ['alice', 'bob']) {
        const { connection } = await broker.client.getConnection({ ...alice, subject });
        assert.equal(connection.generation, 3);
      }
      assert.equal(await broker.stop(), 0);
    });
  }
});
