// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import test from 'node:test';
import {
  chart, examples, helm, render, run, template, withDirectory,
} from './chart.mjs';

test('the chart passes the strict linter', () => {
  const {status, stdout, stderr} = helm(['lint', '--strict', chart]);
  assert.equal(status, 0, stdout + stderr);
});

test('the linter refuses a value that does not exist (so it can fail)', () => {
  const {status} =
      helm(['lint', '--strict', chart, '-f', '$VALUES'], {replicaCount: 2});
  assert.notEqual(status, 0);
});

for (const [name, values] of Object.entries(examples)) {
  test(`${name} passes the strict linter and renders`, () => {
    const {status, stdout, stderr} =
        helm(['lint', '--strict', chart, '-f', '$VALUES'], values);
    assert.equal(status, 0, stdout + stderr);
    assert.notEqual(render(values).length, 0);
  });

  test(`${name} renders the same twice`, () => {
    assert.equal(template(values).stdout, template(values).stdout);
  });
}

test('the package holds the schema and leaves the examples out', () => {
  withDirectory(directory => {
    const {status, stdout, stderr} =
        helm(['package', chart, '--destination', directory]);
    assert.equal(status, 0, stdout + stderr);
    const [archive] = readdirSync(directory);
    const list = run('tar', ['-tzf', join(directory, archive)]).stdout;
    assert.match(list, /^token-broker\/values\.schema\.json$/m);
    assert.match(list, /^token-broker\/README\.md$/m);
    assert.doesNotMatch(list, /\/ci\//);
  });
});
