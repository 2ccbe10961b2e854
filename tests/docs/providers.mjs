// SPDX-License-Identifier: Apache-2.0
//
// Makes docs/providers.md out of the presets.
//
//   node tests/docs/providers.mjs --check   exits 1 if the page is not current
//   node tests/docs/providers.mjs --write   writes it
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const page = join(root, 'docs/providers.md');

const head = `\
<!-- Made by tests/docs/providers.mjs out of providers/catalogue/. Change the presets, then: node tests/docs/providers.mjs --write -->
# Providers

What is built in, and what its documents say of each provider. \`token-broker providers NAME\` shows one: a block, quirks and doubts.
[adding-a-provider.md](adding-a-provider.md) says how to add another, [configuration.md](configuration.md) what every key means and how
to override it. A *doubt* is a fact that was not seen in the provider's own documents: look there before you rely on it.

To use one, copy its block and fill in what stands as \`...\`. A variable that differs from connection to connection is left to
callers: write \`caller_variables: [NAME]\` instead of \`variables\`, and each StartAuthorization names its value.
`;

const presets = () =>
  readdirSync(join(root, 'providers/catalogue'))
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => parse(readFileSync(join(root, 'providers/catalogue', file), 'utf8')));

const oneLine = (text) => String(text).trim().replace(/\s+/g, ' ');
const code = (text) => `\`${text}\``;
const list = (items) => items.map(code).join(', ');
const cell = (text) => oneLine(text).replaceAll('|', '\\|');

const hours = (duration) => {
  const [, amount, unit] = duration.match(/^(\d+)([smh])$/);
  if (unit !== 'h' || amount % 24 !== 0) return duration;
  return amount === '24' ? '1 day' : `${amount / 24} days`;
};

const rotation = ({ rotation: kind = 'unknown', rotation_grace: grace }) =>
  grace ? `${kind} ${grace}` : kind;
const mode = ({ refresh = {} }) => refresh.mode ?? 'proactive';

// Whether the configuration says it, or lets callers.
const isVariable = ({ callback_param: param, answer_member: member }) => !param && !member;
const isSigned = ({ token_endpoint_auth_method: method }) =>
  ['private_key_jwt', 'signed_client_secret'].includes(method);

const described = ({ description, default_value: value }) =>
  value ? `${description} Default: ${code(value)}.` : description;

function block(preset) {
  const file = `/etc/token-broker/secrets/${preset.name}`;
  const lines = [`- name: ${preset.name}`, `  preset: ${preset.name}`];
  if (!preset.issuer && !preset.token_endpoint) {
    lines.push('  issuer: https://id.example.com        # or authorization_endpoint and token_endpoint');
  }
  lines.push('  client_id: ...');
  lines.push(
    ...(isSigned(preset)
      ? [`  private_key_file: ${file}.pem`, '  key_id: ...']
      : [`  client_secret_file: ${file}`]),
  );
  const variables = (preset.attributes ?? []).filter(isVariable);
  const needed = variables.filter(({ default_value: value }) => !value);
  if (needed.length > 0) {
    lines.push(`  variables: {${needed.map(({ name }) => `${name}: ...`).join(', ')}}`);
  }
  const scopes = (preset.refresh_token_scopes ?? []).slice(0, 1);
  lines.push('  redirect_uris: ["https://app.example.com/oauth/callback"]');
  lines.push(`  scopes: [${[...scopes, '...'].join(', ')}]`);
  return ['```yaml', ...lines, '```'].join('\n');
}

function revocation({ revocation_endpoint: endpoint, revocation_request: request = {}, issuer, token_endpoint: token }) {
  if (!endpoint && issuer && !token) return 'at the address in the metadata, if there is one';
  if (!endpoint) return 'not by the broker';
  const method = (request.method ?? 'post').toUpperCase();
  const what = request.token === 'access_token' ? 'the access token' : 'the refresh token';
  return `${code(`${method} ${endpoint}`)} with ${what}`;
}

function lifetimes({ idle_lifetime: idle, absolute_lifetime: absolute, refresh = {}, answer = {} }) {
  return [
    idle && `ends after ${hours(idle)} without a refresh`,
    absolute && `ends ${hours(absolute)} after the consent, whatever is refreshed`,
    answer.grant_expires_in && `${code(answer.grant_expires_in)} in an answer says when the user must return`,
    refresh.least_age && `an access token is not refreshed before it is ${hours(refresh.least_age)} old`,
    refresh.idle_touch && `is refreshed after ${hours(refresh.idle_touch)} by the clock`,
    answer.default_life && `an answer without a life counts as ${hours(answer.default_life)}`,
  ]
    .filter(Boolean)
    .join('; ');
}

function section(preset) {
  const { notes } = preset;
  const attributes = preset.attributes ?? [];
  const variables = attributes.filter(isVariable);
  const learned = attributes.filter((attribute) => !isVariable(attribute));
  const rows = [
    ['register', notes.registration],
    ...variables.map((attribute) => [`variable ${code(attribute.name)}`, described(attribute)]),
    ['refresh token', notes.refresh_token],
    [
      'needs a scope of',
      preset.refresh_token_scopes && list(preset.refresh_token_scopes),
    ],
    [
      'sent with each authorization',
      preset.extra_authorization_params &&
        list(Object.entries(preset.extra_authorization_params).map((pair) => pair.join('='))),
    ],
    ['callers may add', preset.allowed_extra_params && list(preset.allowed_extra_params)],
    ['user returns', notes.user_returns],
    ['lifetimes', lifetimes(preset)],
    [
      'the connection shows',
      learned.map((attribute) => `${code(attribute.name)}: ${described(attribute)}`).join(' '),
    ],
    [
      'further tokens',
      preset.answer?.named_tokens &&
        `${list(preset.answer.named_tokens.map(({ name }) => name))}: ask GetAccessToken for it by ${code('token_name')}. In an answer without another pair it is the main one`,
    ],
    ['callback', preset.callback_signature && 'is signed, and checked: pass on all of its parameters'],
    ['revocation', revocation(preset)],
    ['PKCE', notes.pkce_source && `not sent: ${notes.pkce_source}`],
  ].filter(([, text]) => text);
  const lines = [
    `## ${preset.display_name}`,
    '',
    block(preset),
    '',
    ...rows.map(([what, text]) => `- **${what}**: ${oneLine(text)}`),
    ...(notes.quirks ?? []).map((quirk) => `- ${oneLine(quirk)}`),
    ...(notes.doubts ?? []).map(
      ({ doubt, source }) => `- *doubt*: ${oneLine(doubt)} (${oneLine(source)})`,
    ),
    `- sources: ${notes.sources.map((source) => `<${oneLine(source)}>`).join(', ')}`,
  ];
  return lines.join('\n');
}

function document() {
  const all = presets();
  const rows = all.map((preset) =>
    [
      code(preset.name),
      `[${preset.display_name}](#${anchor(preset.display_name)})`,
      preset.pkce ?? 'sent',
      rotation(preset),
      mode(preset),
      preset.notes.user_returns,
    ].map(cell),
  );
  const table = [
    ['preset', 'provider', 'PKCE', 'rotation', 'refresh', 'the user returns'],
    Array(6).fill('---'),
    ...rows,
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
  return `${head}\n${table}\n\n${all.map(section).join('\n\n')}\n`;
}

// As GitHub makes it.
const anchor = (title) =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');

const [verb] = process.argv.slice(2);
if (verb === '--write') {
  writeFileSync(page, document());
} else if (verb === '--check') {
  if (readFileSync(page, 'utf8') !== document()) {
    console.error('docs/providers.md is not what the presets say; mend it with: node tests/docs/providers.mjs --write');
    process.exit(1);
  }
} else {
  console.error('usage: node tests/docs/providers.mjs --check | --write');
  process.exit(2);
}
