// SPDX-License-Identifier: Apache-2.0
//
// What can be wrong with a request, done to one that is right. Each has a name
// and changes what was asked ({method, path, search, headers, body}).
const isJson = ({ headers }) => headers['content-type']?.startsWith('application/json') ?? false;

const listOf = (asked) =>
  isJson(asked)
    ? Object.entries(JSON.parse(asked.body))
    : [...new URLSearchParams(asked.body || asked.search)];

function write(asked, list) {
  if (isJson(asked)) {
    asked.body = JSON.stringify(Object.fromEntries(list));
  } else if (asked.body) {
    asked.body = new URLSearchParams(list).toString();
  } else {
    asked.search = `?${new URLSearchParams(list)}`;
  }
}

const onParams = (name, change) => ({
  name,
  change: (asked) => write(asked, change(listOf(asked))),
});

const onHeader = (name, value) => ({
  name: `${name}: ${value ?? 'not there'}`,
  change: ({ headers }) => {
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  },
});

const without = (name) =>
  onParams(`without ${name}`, (list) => list.filter(([each]) => each !== name));

const renamed = (name) =>
  onParams(`${name} by another name`, (list) =>
    list.map(([each, value]) => [each === name ? `x_${name}` : each, value]),
  );

const empty = (name) =>
  onParams(`${name} empty`, (list) =>
    list.map(([each, value]) => [each, each === name ? '' : value]),
  );

const changed = (name) =>
  onParams(`another ${name}`, (list) =>
    list.map(([each, value]) => [each, each === name ? `${value}x` : value]),
  );

const twice = (name) =>
  onParams(`${name} twice`, (list) => [...list, list.find(([each]) => each === name)]);

// Whose value is compared with what was agreed on.
const agreed = [
  'grant_type', 'redirect_uri', 'code_verifier', 'client_id', 'client_secret',
  // WeChat's names.
  'appid', 'secret',
];

// Everything that can be wrong with this good request. Parameters of `mayMiss`
// are sent without need, those of `ignored` are not looked at; `headers` are
// needed.
export function damages(asked, { mayMiss = [], ignored = [], headers = [] } = {}) {
  const names = listOf(asked).map(([name]) => name);
  const needed = names.filter((name) => !mayMiss.includes(name));
  const compared = names.filter((name) => agreed.includes(name) && !ignored.includes(name));
  const { authorization } = asked.headers;
  const otherType = isJson(asked) ? 'application/x-www-form-urlencoded' : 'application/json';
  return [
    ...needed.map(without),
    ...names.map(renamed),
    ...names.map(empty),
    ...compared.map(changed),
    ...(isJson(asked) ? [] : names.map(twice)),
    onParams('a parameter too many', (list) => [...list, ['surplus', '1']]),
    ...(asked.body ? [onHeader('content-type', otherType)] : []),
    ...(authorization ? [onHeader('authorization', undefined)] : []),
    ...headers.map((name) => onHeader(name, undefined)),
    { name: 'PATCH', change: (each) => Object.assign(each, { method: 'PATCH' }) },
    { name: 'another path', change: (each) => Object.assign(each, { path: `${each.path}x` }) },
  ];
}
