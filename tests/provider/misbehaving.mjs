// SPDX-License-Identifier: Apache-2.0
//
// A token endpoint that does what a certified provider never would. The next
// answers are scripted; without a script it behaves.
import { createServer } from 'node:http';

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
  never: () => () => {},
  reset: () => (request) => request.socket.resetAndDestroy(),
};

// Starts the endpoint. `requests` has {path, headers, params} of each request;
// `next(answer)` scripts the answer to the next one.
export async function startMisbehaving() {
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
  const server = createServer((request, response) => {
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
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    next: (answer) => script.push(answer),
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
