// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// A moment as openssl takes it: `days` from now.
const moment = (days) =>
  new Date(Date.now() + days * 86400_000)
    .toISOString()
    .replace(/[-:T]|\.\d+/g, '');

// A certificate authority in a folder.
export class Authority {
  constructor(folder, name) {
    this.folder = folder;
    this.name = name;
    this.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt',
      'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
      '-keyout', `${name}.key`, '-out', `${name}.crt`);
  }

  openssl(...args) {
    execFileSync('openssl', args, { cwd: this.folder, stdio: 'pipe' });
  }

  path(file) {
    return join(this.folder, file);
  }

  // A certificate for `san`, such as `URI:spiffe://...`, good between two days
  // counted from now; gives its file stem.
  issue(stem, san, [from, to] = [-0.01, 1]) {
    writeFileSync(
      this.path(`${stem}.ext`),
      san ? `subjectAltName=${san}\n` : 'basicConstraints=CA:FALSE\n',
    );
    this.openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
      '-nodes', '-subj', `/CN=${stem}`, '-keyout', `${stem}.key`,
      '-out', `${stem}.csr`);
    // Of openssl's commands only `ca` takes both ends of a life.
    mkdirSync(this.path(`${stem}.ca`));
    writeFileSync(this.path(`${stem}.ca/index`), '');
    writeFileSync(this.path(`${stem}.cnf`), `[ca]
default_ca = only
[only]
new_certs_dir = ${stem}.ca
database = ${stem}.ca/index
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
`);
    this.openssl('ca', '-batch', '-notext', '-config',
      `${stem}.cnf`, '-cert', `${this.name}.crt`, '-keyfile', `${this.name}.key`,
      '-startdate', moment(from), '-enddate', moment(to),
      '-extfile', `${stem}.ext`, '-in', `${stem}.csr`, '-out', `${stem}.crt`);
    return this.path(stem);
  }
}
