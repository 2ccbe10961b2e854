// SPDX-License-Identifier: Apache-2.0
//
// Strict reading of requests: a parameter that nobody declared is refused, as is
// one that is missing, empty or there twice.
import { Refusal } from './refusal.mjs';

const wrong = (detail) => new Refusal('bad_request', detail);

// {name: value} out of `name=value&...`.
export function pairs(text) {
  const read = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (name in read) throw wrong(`${name} is there twice`);
    read[name] = value;
  }
  return read;
}

// For the ledger, be they right or wrong.
function noted(asked, params) {
  if (asked.entry) asked.entry.params = params;
  return params;
}

// What a request says, before anybody judges it.
export function peek(asked) {
  try {
    const isJson = asked.headers['content-type']?.startsWith('application/json');
    return noted(asked, isJson ? JSON.parse(asked.body) : pairs(asked.body || asked.search));
  } catch {
    return noted(asked, {});
  }
}

// `params` has all of `required`, else only those of `optional`, and none empty.
export function declared(params, { required = [], optional = [] }) {
  for (const name of required) {
    if (!(name in params)) throw wrong(`no ${name}`);
  }
  for (const [name, value] of Object.entries(params)) {
    if (!required.includes(name) && !optional.includes(name)) {
      throw wrong(`${name} is not a parameter of this request`);
    }
    if (value === '') throw wrong(`${name} is empty`);
  }
  return params;
}

function typeIs(asked, type) {
  const [said] = (asked.headers['content-type'] ?? 'none').split(';');
  if (said !== type) throw wrong(`Content-Type is ${said}, not ${type}`);
}

function noQuery(asked) {
  if (asked.search !== '') throw wrong('parameters in the query');
}

// A form in the body, and nothing in the query.
export function form(asked, names) {
  noQuery(asked);
  typeIs(asked, 'application/x-www-form-urlencoded');
  return declared(noted(asked, pairs(asked.body)), names);
}

// One JSON object of texts in the body, and nothing in the query.
export function json(asked, names) {
  noQuery(asked);
  typeIs(asked, 'application/json');
  let read;
  try {
    read = noted(asked, JSON.parse(asked.body));
  } catch {
    throw wrong('the body is not JSON');
  }
  for (const [name, value] of Object.entries(read)) {
    if (typeof value !== 'string') throw wrong(`${name} is no text`);
  }
  return declared(read, names);
}

// A request to a token endpoint, whose names depend on its grant type: `table`
// has {grant_type: {required, optional}}. The client's may come or not, which
// who authenticates it judges. `read` is form, json or query.
export function tokenRequest(asked, table, { read = form, client = ['client_id', 'client_secret'] } = {}) {
  const { grant_type: type } = peek(asked);
  if (!type) throw wrong('no grant_type');
  if (!(type in table)) throw new Refusal('unsupported_grant_type', type);
  const { required = [], optional = [] } = table[type];
  return read(asked, {
    required: ['grant_type', ...required],
    optional: [...optional, ...client],
  });
}

// Parameters in the query, and no body.
export function query(asked, names) {
  if (asked.body !== '') throw wrong('a body');
  return declared(noted(asked, pairs(asked.search)), names);
}

// No parameters at all.
export function nothing(asked) {
  noQuery(asked);
  if (asked.body !== '') throw wrong('a body');
}

// The header has this value; undefined: it is not there.
export function header(asked, name, value) {
  const said = asked.headers[name.toLowerCase()];
  if (said !== value) throw wrong(`${name} is ${said}, not ${value}`);
}

// The bearer's token in `Authorization`.
export function bearer(asked) {
  const [, token] = /^Bearer (.+)$/.exec(asked.headers.authorization ?? '') ?? [];
  if (!token) throw wrong('no bearer token');
  return token;
}

// `wrong` says which part, for providers that tell.
const notOurs = (detail) => new Refusal('wrong_client', detail, { wrong: detail });

// `client_id` and `client_secret` as parameters, and no header.
export function postedClient(asked, params, client) {
  if (asked.headers.authorization) throw notOurs('an Authorization header');
  if (params.client_id !== client.id) throw notOurs('client_id');
  if (params.client_secret !== client.secret) throw notOurs('client_secret');
}

const decoded = (text) => new URLSearchParams(`_=${text}`).get('_');

// HTTP Basic over form-url-encoded ID and secret (RFC 6749 2.3.1).
export function basicClient(asked, client) {
  const [, coded] = /^Basic (.+)$/.exec(asked.headers.authorization ?? '') ?? [];
  if (!coded) throw notOurs('no Basic credentials');
  const pair = Buffer.from(coded, 'base64').toString();
  const colon = pair.indexOf(':');
  if (decoded(pair.slice(0, colon)) !== client.id) throw notOurs('client_id');
  if (decoded(pair.slice(colon + 1)) !== client.secret) throw notOurs('client_secret');
}
