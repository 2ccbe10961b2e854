// SPDX-License-Identifier: Apache-2.0
//
// Checks: what callers and the operator see of it.

// Failpoints end the broker somewhat before we notice.
const unnoticed = 1000;

// Errors that any call may meet.
const always = [
  'UNAVAILABLE PROVIDER_UNAVAILABLE',
  'UNAVAILABLE OVERLOADED',
  'UNAVAILABLE DRAINING',
  'UNAVAILABLE STORAGE_UNAVAILABLE',
];
// Those of each call besides.
const documented = {
  getAccessToken: ['FAILED_PRECONDITION REAUTHORIZATION_REQUIRED'],
  startAuthorization: [],
  completeAuthorization: [
    'FAILED_PRECONDITION CODE_REJECTED',
    'INTERNAL PROVIDER_RESPONSE_INVALID',
  ],
  listConnections: [],
};
const misconfigured = 'FAILED_PRECONDITION PROVIDER_MISCONFIGURED';

// Every answer is one that the API names, or a broken connection while the
// broker was down.
export function answersAreDocumented({ calls, lives, providers }) {
  const playsInvalidClient = providers.some(({ entries }) =>
    entries.some((e) => e.fault === 'invalid_client'),
  );
  const known = new Map(
    Object.entries(documented).map(([method, codes]) => [
      method,
      new Set([...always, ...codes, ...(playsInvalidClient ? [misconfigured] : [])]),
    ]),
  );
  return calls.filter((call) => {
    if (!call.code) return false;
    if (call.reason) return !known.get(call.method).has(`${call.code} ${call.reason}`);
    return !['UNAVAILABLE', 'CANCELLED'].includes(call.code) || !wasDown(call, lives);
  });
}

const wasDown = ({ start, end }, lives) =>
  lives.some(({ stop }, i) => {
    if (!stop) return false;
    const from = stop.how === 'itself' ? stop.time - unnoticed : stop.time;
    const back = lives.slice(i + 1).find(({ serving }) => serving)?.serving ?? Infinity;
    return start <= back && end >= from;
  });

// kill -9 ends it by that signal, SIGTERM with 0, and nothing else ends it but
// a failpoint.
export function endsAreClean({ lives, failpoints = '' }) {
  return lives
    .filter(({ stop, code, signal }) => {
      if (stop.how === 'kill') return signal !== 'SIGKILL';
      if (stop.how === 'term') return code !== 0;
      return !failpoints.includes('=kill') && !failpoints.includes('=error');
    })
    .map(({ number, stop, code, signal, serving }) => ({ life: number, stop, code, signal, serving }));
}
