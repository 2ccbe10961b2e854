// SPDX-License-Identifier: Apache-2.0
//
// A real OpenID provider on loopback: npm's certified oidc-provider, with
// rotating refresh tokens, PKCE required, and a user who consents by himself
// (login_hint=deny: who refuses).
import { createServer } from 'node:http';

// What the library says of Node's version and of its own settings is not for a
// test's reader.
async function quietly(work) {
  const { info, warn } = console;
  console.info = console.warn = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { info, warn });
  }
}

const { default: Provider } = await quietly(() => import('oidc-provider'));

export const redirectUri = 'http://127.0.0.1:9/callback';

// Identifiers and secrets that must be form-url-encoded before Base64
// (RFC 6749 2.3.1).
export const clients = {
  basic: { id: 'broker:basic', secret: 'p+ss%w:rd &=/two' },
  post: { id: 'broker-post', secret: 'another secret+%' },
};

const client = ({ id, secret }, method) => ({
  client_id: id,
  client_secret: secret,
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: method,
});

const configuration = ({ accessTokenTtl, rotate }) => ({
  clients: [
    client(clients.basic, 'client_secret_basic'),
    client(clients.post, 'client_secret_post'),
  ],
  cookies: { keys: ['loopback only'] },
  scopes: ['openid', 'offline_access', 'email'],
  claims: { openid: ['sub'], email: ['email'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    userinfo: { enabled: true },
  },
  rotateRefreshToken: () => rotate,
  ttl: {
    AccessToken: () => accessTokenTtl,
    AuthorizationCode: () => 60,
    IdToken: () => 3600,
    RefreshToken: () => 24 * 3600,
    Interaction: () => 600,
    Session: () => 600,
    Grant: () => 24 * 3600,
  },
  interactions: { url: (ctx, interaction) => `/consent/${interaction.uid}` },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.test` }),
  }),
});

// The user's part: logs in as `alice` and consents to what is asked.
async function consentTo(provider, request, response) {
  const details = await provider.interactionDetails(request, response);
  const { params, grantId, session } = details;
  if (params.login_hint === 'deny') {
    return provider.interactionFinished(request, response, {
      error: 'access_denied',
      error_description: 'the user said no',
    });
  }
  const accountId = session?.accountId ?? 'alice';
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return provider.interactionFinished(
    request,
    response,
    { login: { accountId }, consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: true },
  );
}

// Starts a provider on a free port, or on `port`. Its `ledger` has an entry for
// each request to the token endpoint:
//   {grantType, presented, codeVerifier, status, accessToken, refreshToken,
//    idToken, time}
export async function startProvider({
  port = 0,
  accessTokenTtl = 4,
  rotate = true,
} = {}) {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = await quietly(
    () => new Provider(issuer, configuration({ accessTokenTtl, rotate })),
  );
  const ledger = [];
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path !== '/token') return;
    const params = ctx.oidc?.params ?? {};
    ledger.push({
      grantType: params.grant_type,
      presented: params.refresh_token ?? params.code,
      codeVerifier: params.code_verifier,
      status: ctx.status,
      accessToken: ctx.body?.access_token,
      refreshToken: ctx.body?.refresh_token,
      idToken: ctx.body?.id_token,
      time: Date.now(),
    });
  });
  const answer = await quietly(() => provider.callback());
  let up = true;
  server.on('request', (request, response) => {
    if (!up) return request.socket.destroy();
    if (request.url.startsWith('/consent/')) {
      return consentTo(provider, request, response).catch((error) => {
        response.writeHead(500).end(String(error));
      });
    }
    return answer(request, response);
  });
  return {
    issuer,
    ledger,
    // While it is down, it breaks every connection.
    setUp: (value) => {
      up = value;
    },
    userinfo: (accessToken) =>
      fetch(`${issuer}/me`, {
        headers: { authorization: `Bearer ${accessToken}` },
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

// Walks the browser's part of an authorization: follows redirects with a cookie
// jar until the redirect URI. Gives the callback's query parameters.
export async function consent(authorizationUrl) {
  const jar = new Map();
  let url = authorizationUrl;
  for (let step = 0; step < 20; ++step) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
      },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair] = cookie.split(';');
      const equals = pair.indexOf('=');
      jar.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    const location = response.headers.get('location');
    if (!location) {
      throw new Error(`no redirect: ${response.status} ${await response.text()}`);
    }
    url = new URL(location, url).href;
    if (url.startsWith(redirectUri)) {
      return Object.fromEntries(new URL(url).searchParams);
    }
  }
  throw new Error('too many redirects');
}
