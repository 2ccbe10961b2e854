// SPDX-License-Identifier: Apache-2.0
//
// The real binary in a folder of its own, and a client of its API.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { stringify } from 'yaml';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const binary =
  process.env.TOKEN_BROKER ?? join(root, 'build/release/token-broker');
// The same with failpoints (broker/failpoints.h).
export const failpointsBinary =
  process.env.TOKEN_BROKER_FAILPOINTS_BINARY ?? `${binary}-failpoints`;

const load = (file) =>
  grpc.loadPackageDefinition(
    loadSync(file, {
      longs: Number,
      enums: String,
      defaults: true,
      includeDirs: [
        join(root, 'proto'),
        join(root, 'third_party/googleapis'),
        '/usr/share/grpc-proto',
      ],
    }),
  );
const api = load('tokenbroker/v1/token_broker.proto').tokenbroker.v1;
const health = load('grpc/health/v1/health.proto').grpc.health.v1;
const details = loadSync(
  ['google/rpc/status.proto', 'google/rpc/error_details.proto'],
  { includeDirs: [join(root, 'third_party/googleapis')], longs: Number },
);

// What a failed call's status details say: {errorInfos, violations, retryDelay}.
export function detailsOf(error) {
  const decoded = { errorInfos: [], violations: [], retryDelay: undefined };
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!bytes) return decoded;
  const read = (name, value) => details[name].deserialize(value);
  for (const { typeUrl, type_url, value } of read('google.rpc.Status', bytes)
    .details) {
    const type = (typeUrl ?? type_url).split('/').pop();
    const detail = read(type, value);
    if (type === 'google.rpc.ErrorInfo') decoded.errorInfos.push(detail);
    if (type === 'google.rpc.BadRequest') {
      decoded.violations = detail.fieldViolations;
    }
    if (type === 'google.rpc.RetryInfo') decoded.retryDelay = detail.retryDelay;
  }
  return decoded;
}

// A client with a promise for each call: client.getAccessToken({...}).
export function connect(address, credentials = grpc.credentials.createInsecure()) {
  const options = {
    'grpc.ssl_target_name_override': 'localhost',
    'grpc.enable_retries': 0,
  };
  const stub = new api.TokenBrokerService(address, credentials, options);
  const healthStub = new health.Health(address, credentials, options);
  const call = (target, method) => {
    const run = promisify(target[method]).bind(target);
    return (request = {}, seconds = 20) =>
      run(request, { deadline: Date.now() + seconds * 1000 });
  };
  const client = {
    stub,
    check: call(healthStub, 'check'),
    close: () => {
      stub.close();
      healthStub.close();
    },
  };
  for (const method of [
    'startAuthorization',
    'completeAuthorization',
    'getAccessToken',
    'getConnection',
    'listConnections',
    'deleteConnection',
    'listProviders',
  ]) {
    client[method] = call(stub, method);
  }
  return client;
}

// A folder with a keyring and a configuration, and the broker that runs on it.
export class Broker {
  constructor(t) {
    this.binary = binary;
    this.environment = {};
    this.folder = mkdtempSync(join(tmpdir(), 'token-broker-'));
    this.log = '';
    this.errors = '';
    // Added to the process's own.
    this.environment = {};
    this.keyring = join(this.folder, 'keyring');
    this.data = join(this.folder, 'data');
    t.after(async () => {
      await this.kill();
      rmSync(this.folder, { recursive: true, force: true });
    });
    execFileSync(binary, ['keygen', '--out', this.keyring]);
  }

  file(name, contents) {
    const path = join(this.folder, name);
    writeFileSync(path, contents);
    return path;
  }

  // Writes the configuration: everything needed, and `changes` over it.
  configure(changes = {}) {
    const config = {
      grpc: { address: '127.0.0.1:0' },
      http: { address: '127.0.0.1:0' },
      storage: { rocksdb: { path: this.data } },
      encryption: { keyring_file: this.keyring },
      access: [
        {
          callers: ['anonymous'],
          providers: ['*'],
          permissions: ['AUTHORIZE', 'GET_TOKEN', 'READ', 'DELETE'],
        },
      ],
      drain: { delay: '0s', grace: '5s' },
      ...changes,
    };
    this.configFile = this.file('config.yaml', stringify(config));
    return this;
  }

  // A provider block for provider.mjs.
  oidc(provider, client, changes = {}) {
    return {
      name: 'corp',
      issuer: provider.issuer,
      client_id: client.id,
      client_secret_file: this.file('client_secret', `${client.secret}\n`),
      redirect_uris: ['http://127.0.0.1:9/callback'],
      scopes: ['openid', 'email', 'offline_access'],
      extra_authorization_params: { prompt: 'consent' },
      allow_loopback: true,
      rotation: 'strict',
      ...changes,
    };
  }

  // From the next start on it has failpoints, armed by `specification` (none if
  // empty), and appends those it passes to the file `hits`.
  arm(specification, hits = '') {
    this.binary = failpointsBinary;
    this.environment = {
      TOKENBROKER_FAILPOINTS: specification,
      TOKENBROKER_FAILPOINTS_HITS: hits,
    };
    return this;
  }

  // Starts it and waits until it serves; rejects if it ends first.
  async start(credentials) {
    this.process = spawn(this.binary, ['serve', '--config', this.configFile], {
      env: { ...process.env, ...this.environment },
    });
    this.exited = new Promise((resolve) => {
      this.process.once('exit', (code, signal) => resolve({ code, signal }));
    });
    this.process.stderr.on('data', (data) => {
      this.errors += data;
    });
    const serving = await new Promise((resolve, reject) => {
      let line = '';
      this.process.stdout.on('data', (data) => {
        this.log += data;
        line += data;
        for (const text of line.split('\n')) {
          if (text.includes('"event":"serving"') && text.endsWith('}')) {
            resolve(JSON.parse(text));
          }
        }
      });
      this.exited.then(({ code }) =>
        reject(new Error(`the broker ended with ${code}: ${this.errors}`)),
      );
    });
    this.address = serving.grpc_address;
    this.http = `http://${serving.http_address}`;
    this.client?.close();
    this.client = connect(this.address, credentials);
    return this;
  }

  get running() {
    return (
      this.process && this.process.exitCode === null && !this.process.signalCode
    );
  }

  // What it logged of `event`, as objects.
  events(event) {
    return this.log
      .split('\n')
      .filter((line) => line.includes(`"event":"${event}"`) && line.endsWith('}'))
      .map((line) => JSON.parse(line));
  }

  // SIGTERM; gives the exit code.
  async stop() {
    if (this.running) this.process.kill('SIGTERM');
    return (await this.exited).code;
  }

  async kill() {
    if (this.running) this.process.kill('SIGKILL');
    await this.exited;
    this.client?.close();
    this.client = undefined;
  }
}

// Runs the command to its end: {code, stdout, stderr}.
export async function run(...args) {
  const child = spawn(binary, args);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const code = await new Promise((resolve) => {
    child.once('close', resolve);
  });
  return { code, stdout, stderr };
}
