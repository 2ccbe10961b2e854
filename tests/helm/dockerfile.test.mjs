// SPDX-License-Identifier: Apache-2.0
//
// The image is checked without an engine: the packages it installs are exactly
// those whose libraries the binary names. Runs where the binary was built.
import assert from 'node:assert/strict';
import {realpathSync} from 'node:fs';
import test from 'node:test';
import {broker, minimal, pod, read, render, run} from './chart.mjs';

const dockerfile = read('Dockerfile');
// What is run: after the last FROM, without comments, continued lines joined.
const stage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
    .replaceAll(/^#.*\n/gm, '').replaceAll(/\s*\\\n\s*/g, ' ');
const instruction = name =>
    stage.match(new RegExp(`^${name} (.*)$`, 'm'))?.[1];

// Part of debian:12-slim itself: apt and dpkg are linked with them.
const inBase = ['libc6', 'libgcc-s1', 'libstdc++6'];

function succeeds(program, args) {
  const {status, stdout, stderr} = run(program, args);
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

// The Debian package that owns a file.
function owner(file) {
  const real = realpathSync(file);
  // Where /lib is a link to /usr/lib, dpkg may know the file by the short name.
  for (const path of [real, real.replace(/^\/usr/, ''), file]) {
    const {status, stdout} = run('dpkg-query', ['--search', path]);
    if (status === 0) return stdout.split(':')[0];
  }
  return assert.fail(`no package owns ${file}`);
}

// The packages of the libraries that the binary itself asks for.
function needed() {
  const names = succeeds('readelf', ['--dynamic', '--wide', broker])
      .matchAll(/\(NEEDED\).*\[(.+?)\]/g);
  const found = Object.fromEntries(
      [...succeeds('ldd', [broker]).matchAll(/^\s*(\S+) => (\/\S+)/gm)]
          .map(([, name, path]) => [name, path]));
  const packages = new Set();
  for (const [, name] of names) {
    if (name.startsWith('ld-linux')) continue;
    assert.ok(found[name], `${name} is not found on this machine`);
    packages.add(owner(found[name]));
  }
  return [...packages].filter(name => !inBase.includes(name));
}

function installed() {
  const [, list] = stage.match(/--no-install-recommends ([^&]+?) &&/);
  return list.split(' ');
}

test('the image installs what the binary is linked with, no more', () => {
  const expected = ['ca-certificates', ...needed()];
  assert.deepEqual(installed(), expected.sort());
});

test('each package is one that Debian has', () => {
  for (const name of installed()) {
    assert.match(
        succeeds('dpkg-query', ['--show', '--showformat=${Status}', name]),
        /^install ok installed/, name);
  }
});

test('the binary is linked with nothing that is not packaged', () => {
  for (const [, path] of
       succeeds('ldd', [broker]).matchAll(/ => (\/\S+)/g)) {
    owner(path);
  }
});

test('it is built and run on the same Debian', () => {
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, it]) => it);
  assert.deepEqual(bases, ['debian:12-slim', 'debian:12-slim']);
});

test('the image starts the broker as the user of the chart', () => {
  const {runAsUser, runAsGroup} = pod(render(minimal)).securityContext;
  assert.equal(instruction('USER'), `${runAsUser}:${runAsGroup}`);
  assert.equal(instruction('STOPSIGNAL'), 'SIGTERM');
  assert.deepEqual(
      JSON.parse(instruction('ENTRYPOINT')), ['/usr/bin/token-broker']);
  assert.deepEqual(
      JSON.parse(instruction('CMD')), pod(render(minimal)).containers[0].args);
});
