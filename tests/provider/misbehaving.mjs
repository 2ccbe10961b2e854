// SPDX-License-Identifier: Apache-2.0
//
// A token endpoint that does what a certified provider never would. The next
// answers are scripted; without a script it behaves.
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

const json = (status, body, headers = {}) => (request, response) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

export const answers = {
  json,
  html: (status) => (request, response) => {
    response.writeHead(status, { 'content-type': 'text/html' });
    response.end('<html><body>Bad Gateway</body></html>');
  },
  redirect: (location) => (request, response) => {
    response.writeHead(302, { location });
    response.end();
  },
  huge: (bytes) => (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`{"access_token":"${'x'.repeat(bytes)}"}`);
  },
  // 100 MB of nothing in 100 kB, that nobody asked to be compressed.
  gzip: (header) => (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...header });
    response.end(gzipSync(Buffer.alloc(100 << 20, ' ')));
  },
  never: () => () => {},
  reset: () => (request) => request.socket.resetAndDestroy(),
};

// The endpoint's part of a server. `requests` has {path, headers, params} of
// each request; `next(answer)` scripts the answer to the next one.
export function misbehave() {
  const requests = [];
  const script = [];
  let issued = 0;
  const behave = (request, response) => {
    ++issued;
    json(200, {
      access_token: `good-access-${issued}`,
      refresh_token: `good-refresh-${issued}`,
      token_type: 'Bearer',
      expires_in: 3600,
    })(request, response);
  };
  const handle = (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      requests.push({
        path: request.url,
        headers: request.headers,
        params: Object.fromEntries(new URLSearchParams(body)),
      });
      (script.shift() ?? behave)(request, response);
    });
  };
  return { handle, requests, next: (answer) => script.push(answer) };
}

// Starts a server that is nothing but the endpoint.
export async function startMisbehaving() {
  const { handle, requests, next } = misbehave();
  const server = createServer(handle);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    next,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
