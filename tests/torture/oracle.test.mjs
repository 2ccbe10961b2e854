// SPDX-License-Identifier: Apache-2.0
//
// That the oracle fires, and when it does not: each check meets made-up
// histories. Times are milliseconds from a beginning.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseToken } from '../simulator/rotation.mjs';
import { checks, judge, prepared } from './oracle.mjs';

const start = Date.parse('2026-01-01T00:00:00Z');
const at = (ms) => start + ms;

const rt = (serial, { subject = 'alice', family = 1 } = {}) =>
  `rt.${subject}.${family}.${serial}.${String(serial).padStart(24, '0')}`;
const access = (serial, { subject = 'alice', family = 1 } = {}) =>
  `at.${subject}.${family}.${serial}.${String(serial).padStart(24, '0')}`;

const set = (serial, time, options = {}) => ({
  subject: options.subject ?? 'alice',
  family: options.family ?? 1,
  serial,
  accessToken: access(serial, options),
  refreshToken: rt(serial, options),
  lifeSeconds: 10,
  expireTime: at(time + 10000),
});

const code = (time, changes = {}) => ({
  kind: 'code',
  presented: `code.${time}`,
  subject: 'alice',
  life: 0,
  arrived: at(time),
  ended: at(time + 10),
  committed: at(time + 5),
  delivered: true,
  verdict: 'founded',
  issued: set(1, time),
  ...changes,
});

// A refresh with the token of set `serial`, which brings the next set.
const refresh = (serial, time, changes = {}) => ({
  kind: 'refresh',
  presented: rt(serial),
  subject: 'alice',
  family: 1,
  serial,
  life: 0,
  arrived: at(time),
  ended: at(time + 10),
  committed: at(time + 5),
  delivered: true,
  verdict: 'refreshed',
  issued: set(serial + 1, time),
  ...changes,
});

const refused = { verdict: undefined, issued: undefined, committed: undefined, delivered: false };
const unanswered = { fault: 'reset_after_commit', delivered: false };
const reused = { verdict: 'reused', issued: undefined };

const line = (time, event, changes = {}) => ({
  time: new Date(at(time)).toISOString(),
  event,
  provider: 'corp',
  subject: 'alice',
  ...changes,
});
const stored = (time) => line(time, 'refresh', { outcome: 'success', stored: 'yes' });

const completed = (time) => line(time, 'authorization_completed', { outcome: 'success' });
const timeout = (time) =>
  line(time, 'refresh', { outcome: 'unknown', detail: '127.0.0.1: Timeout was reached' });

const life = (number, from, how, to, lines = []) => ({
  number,
  started: at(from),
  serving: at(from + 100),
  stop: { how, time: at(to) },
  ended: at(to + 50),
  code: how === 'term' ? 0 : null,
  signal: how === 'term' ? null : 'SIGKILL',
  lines,
});

const served = (serial, from, changes = {}) => ({
  method: 'getAccessToken',
  provider: 'corp',
  subject: 'alice',
  start: at(from),
  end: at(from + 5),
  token: access(serial, changes),
  generation: serial,
  ...changes,
});
const failed = (from, errorCode, reason, changes = {}) => ({
  method: 'getAccessToken',
  provider: 'corp',
  subject: 'alice',
  start: at(from),
  end: at(from + 5),
  code: errorCode,
  reason,
  ...changes,
});

const lost = (cause, time) => ({
  provider: 'corp', subject: 'alice', cause, start: at(time), end: at(time + 5),
});

const history = ({
  rotation = 'strict', entries = [], lives = [life(0, 0, 'term', 60000)], ...rest
}) => ({
  requestTimeout: 1500,
  failpoints: '',
  providers: [
    {
      name: 'corp',
      rotation,
      graceSeconds: 30,
      entries: entries.map((entry, number) => ({ number, ...entry })),
    },
  ],
  lives,
  calls: [],
  losses: [],
  final: [],
  ...rest,
});

const killed = (lines = [], later = []) => [
  life(0, 0, 'kill', 1050, lines),
  life(1, 1100, 'term', 60000, later),
];

// Per check: what does not make it fire, and what does.
const cases = {
  neverTwice: {
    holds: {
      'each token once': { entries: [refresh(1, 1000), refresh(2, 2000)] },
      'the same one for ever': { rotation: 'never', entries: [refresh(1, 1000), refresh(1, 2000)] },
      'after a refusal': {
        entries: [refresh(1, 1000, { ...refused, fault: 'status_503' }), refresh(1, 2000)],
      },
      'after no answer, late': {
        entries: [code(0), refresh(1, 1000, unanswered), refresh(1, 9000, reused)],
      },
      'after no answer, at once, where that costs nothing': {
        rotation: 'until_first_use',
        entries: [code(0), refresh(1, 1000, unanswered), refresh(1, 1600)],
      },
      'to confirm that the grant is dead': {
        entries: [
          refresh(1, 1000, { ...refused, fault: 'invalid_grant_once' }),
          refresh(1, 6100),
        ],
      },
      'after a death before the refusal was read': {
        rotation: 'grace',
        entries: [
          code(0),
          refresh(1, 1000, { ...refused, fault: 'invalid_grant_once' }),
          refresh(1, 1300, { life: 1 }),
        ],
        lives: killed([completed(10)]),
      },
      'after a death before it was stored': {
        rotation: 'grace',
        entries: [code(0), refresh(1, 1000), refresh(1, 1300, { life: 1 })],
        lives: killed(),
      },
      'after the broker had given up on a late provider': {
        rotation: 'grace',
        entries: [code(0), refresh(1, 3000), refresh(1, 4000)],
        lives: [life(0, 0, 'term', 60000, [completed(10), timeout(2990), stored(4020)])],
      },
      'after an answer at the end of the timeout': {
        entries: [code(0), refresh(1, 1000, { ended: at(2450) }), refresh(1, 9000, reused)],
      },
    },
    fires: {
      'after its answer': { entries: [refresh(1, 1000), refresh(1, 3000, reused)] },
      'after its answer, and the time-out was not its own': {
        rotation: 'grace',
        entries: [code(0), refresh(1, 3000), refresh(1, 4000)],
        lives: [life(0, 0, 'term', 60000, [timeout(10), stored(3020)])],
      },
      'after its answer was stored, and a death': {
        entries: [refresh(1, 1000), refresh(1, 9000, { life: 1, ...reused })],
        lives: killed([stored(1020)]),
      },
      'early after no answer': {
        entries: [code(0), refresh(1, 1000, unanswered), refresh(1, 5000, reused)],
      },
      'early after no answer, with a refusal in between': {
        entries: [
          code(0),
          refresh(1, 1000, unanswered),
          refresh(1, 8900, { ...refused, fault: 'status_503' }),
          refresh(1, 9500, reused),
        ].with(2, refresh(1, 3000, { ...refused, fault: 'status_503' })),
      },
      'at once after the grant was called dead': {
        entries: [
          refresh(1, 1000, { ...refused, fault: 'invalid_grant_once' }),
          refresh(1, 1600),
        ],
      },
    },
  },
  neverTogether: {
    holds: {
      'one after the other': { entries: [refresh(1, 1000), refresh(1, 1020)] },
      'in two lives': {
        entries: [refresh(1, 1000, { ended: at(3000) }), refresh(1, 1300, { life: 1 })],
        lives: killed(),
      },
    },
    fires: {
      'the second before the end of the first': {
        entries: [refresh(1, 1000, { ended: at(1400) }), refresh(1, 1200)],
      },
    },
  },
  codesAreSentOnce: {
    holds: { 'two codes': { entries: [code(0), code(1)] } },
    fires: { 'a code again': { entries: [code(0), code(9, { presented: 'code.0' })] } },
  },
  neverOlder: {
    holds: {
      'ever newer': { entries: [refresh(1, 1000), refresh(2, 2000)], calls: [served(2, 1500)] },
      'the same one for ever': {
        rotation: 'never',
        entries: [refresh(1, 1000), refresh(1, 2000)],
        calls: [served(2, 1500)],
      },
      'the newer one is served only later': {
        entries: [refresh(1, 1000), refresh(1, 1100)],
        calls: [served(2, 1090, { end: at(1200) })],
      },
      'the newer one is served in the same millisecond': {
        entries: [refresh(1, 1000)],
        calls: [served(2, 995)],
      },
      'of a new consent': {
        entries: [refresh(5, 1000), refresh(1, 2000, { family: 2, presented: rt(1, { family: 2 }) })],
      },
    },
    fires: {
      'older than one presented': { entries: [refresh(2, 1000), refresh(1, 2000)] },
      'older than one served': { entries: [refresh(1, 2000)], calls: [served(2, 1500)] },
      'of an older consent': {
        entries: [refresh(1, 1000, { family: 2, presented: rt(1, { family: 2 }) }), refresh(5, 2000)],
      },
    },
  },
  attemptsAreNoted: {
    holds: {
      'a line each': { entries: [refresh(1, 1000)], lives: [life(0, 0, 'term', 9000, [stored(1020)])] },
      'recovered by the next life': {
        entries: [refresh(1, 1000, { ended: at(1100) })],
        lives: killed([], [line(1200, 'refresh'), line(1200, 'attempt_recovered')]),
      },
      'recovered by the next life that served': {
        entries: [refresh(1, 1000, { ended: at(1100) })],
        lives: [
          life(0, 0, 'kill', 1050),
          { ...life(1, 1100, 'kill', 1150), serving: undefined },
          life(2, 1200, 'term', 9000, [line(1300, 'refresh'), line(1300, 'attempt_recovered')]),
        ],
      },
      'stored just before the death': { entries: [refresh(1, 1000)], lives: killed() },
      'ended by a code that succeeded beside it, before the death': {
        entries: [code(1000, { ended: at(1040) }), refresh(1, 1010, { ended: at(1100) })],
        lives: killed([completed(1041)]),
      },
    },
    fires: {
      'no line': { entries: [refresh(1, 1000)] },
      'no line, and nothing to recover': {
        entries: [refresh(1, 1000, { ended: at(1100) })],
        lives: killed(),
      },
      'no line, and the code had succeeded before': {
        entries: [code(1000), refresh(1, 1020, { ended: at(1100) })],
        lives: killed([completed(1011)]),
      },
      'no line, and the code beside it failed': {
        entries: [code(1000, { ended: at(1040) }), refresh(1, 1010, { ended: at(1100) })],
        lives: killed([line(1041, 'authorization_completed', { outcome: 'unknown' })]),
      },
      'no line, and a later code has its own': {
        entries: [refresh(1, 400), code(1000, { ended: at(1060) })],
        lives: killed([completed(1045)]),
      },
      'no line beside a code, though the life ended in order': {
        entries: [code(1000, { ended: at(1040) }), refresh(1, 1010, { ended: at(1100) })],
        lives: [life(0, 0, 'term', 9000, [completed(1041)])],
      },
      'the only line is that of a recovery': {
        entries: [refresh(1, 2000, { life: 1 })],
        lives: killed([], [line(1200, 'refresh'), line(1200, 'attempt_recovered')]),
      },
    },
  },
  generationsGrow: {
    holds: {
      'they grow': { calls: [served(1, 100), served(1, 200), served(2, 300)] },
      'two calls at once': { calls: [served(2, 100), served(1, 102)] },
    },
    fires: {
      'they shrink': { calls: [served(2, 100), served(1, 300)] },
      'two tokens under one number': {
        calls: [served(1, 100), served(2, 300, { generation: 1 })],
      },
    },
  },
  ownTokensOnly: {
    holds: {
      'its own': { entries: [code(0)], calls: [served(1, 500)] },
      'to its last moment': { entries: [code(0)], calls: [served(1, 10040)] },
    },
    fires: {
      'never issued': { entries: [code(0)], calls: [served(9, 500)] },
      "another's": { entries: [code(0)], calls: [served(1, 500, { token: access(1), subject: 'bob' })] },
      expired: { entries: [code(0)], calls: [served(1, 10060)] },
    },
  },
  lossesAreExplained: {
    holds: {
      'no answer, then refused': {
        entries: [refresh(1, 1000, unanswered), refresh(1, 9000, reused)],
        losses: [lost('ROTATION_LOST', 9100)],
      },
      'a death under way': {
        entries: [refresh(1, 1000), refresh(1, 9000, { life: 1, ...reused })],
        lives: killed(),
        losses: [lost('ROTATION_LOST', 9100)],
      },
      'after the grace': {
        rotation: 'grace',
        entries: [refresh(1, 1000, unanswered), refresh(1, 40000, reused)],
        losses: [lost('ROTATION_LOST', 40100)],
      },
      'a false refusal that looks like one': {
        entries: [
          refresh(1, 1000, { ...refused, fault: 'reset_before_body' }),
          refresh(1, 9000, { ...refused, fault: 'invalid_grant_once' }),
        ],
        losses: [lost('ROTATION_LOST', 9100)],
      },
      'taken back by the user': {
        rotation: 'never',
        entries: [
          { kind: 'revoked_by_user', arrived: at(500), subject: 'alice', families: [1] },
          refresh(1, 1000, { verdict: 'ended', issued: undefined }),
        ],
        losses: [lost('GRANT_REJECTED', 9100)],
      },
    },
    fires: {
      'nothing was lost': {
        entries: [refresh(1, 1000), refresh(2, 9000, reused)],
        lives: [life(0, 0, 'term', 60000, [stored(1020)])],
        losses: [lost('ROTATION_LOST', 9100)],
      },
      'the wrong cause': {
        entries: [refresh(1, 1000, unanswered), refresh(1, 9000, reused)],
        losses: [lost('GRANT_REJECTED', 9100)],
      },
      'no cause': {
        entries: [refresh(1, 1000, unanswered), refresh(1, 9000, reused)],
        losses: [lost(undefined, 9100)],
      },
      'in the grace': {
        rotation: 'grace',
        entries: [refresh(1, 1000, unanswered), refresh(1, 9000, { ...refused, fault: 'invalid_grant_once' })],
        losses: [lost('ROTATION_LOST', 9100)],
      },
      'before the first use': {
        rotation: 'until_first_use',
        entries: [refresh(1, 1000, unanswered), refresh(1, 9000, reused)],
        losses: [lost('ROTATION_LOST', 9100)],
      },
      'an orderly stop': {
        entries: [
          refresh(1, 1000, { delivered: false, ended: at(1050) }),
          refresh(1, 9000, { life: 1, ...reused }),
        ],
        lives: [life(0, 0, 'term', 1040), life(1, 1200, 'term', 60000)],
        losses: [lost('ROTATION_LOST', 9100)],
      },
      'a living grant, in the grace': {
        rotation: 'grace',
        entries: [
          refresh(1, 1000, { ...refused, fault: 'reset_before_body' }),
          refresh(1, 9000, { ...refused, fault: 'invalid_grant_once' }),
        ],
        losses: [lost('ROTATION_LOST', 9100)],
      },
      'a living grant, and every answer came': {
        entries: [
          refresh(1, 1000, { ...refused, fault: 'status_503' }),
          refresh(1, 9000, { ...refused, fault: 'invalid_grant_once' }),
        ],
        losses: [lost('ROTATION_LOST', 9100)],
      },
    },
  },
  theEndIsWhole: {
    holds: {
      'it serves': {
        final: [{ state: 'STATE_ACTIVE', resourceStatus: 200, answer: served(1, 0) }],
      },
    },
    fires: {
      'its token is refused': {
        final: [{ state: 'STATE_ACTIVE', resourceStatus: 401, answer: served(1, 0) }],
      },
      'it is gone': { final: [{ answer: failed(0, 'NOT_FOUND', 'CONNECTION_NOT_FOUND') }] },
      'nobody knows': {
        final: [{ state: 'STATE_OUTCOME_UNKNOWN', resourceStatus: 200, answer: served(1, 0) }],
      },
    },
  },
  answersAreDocumented: {
    holds: {
      'a token': { calls: [served(1, 0)] },
      'try again': { calls: [failed(0, 'UNAVAILABLE', 'PROVIDER_UNAVAILABLE')] },
      lost: { calls: [failed(0, 'FAILED_PRECONDITION', 'REAUTHORIZATION_REQUIRED')] },
      'broken by a death': { calls: [failed(1048, 'UNAVAILABLE')], lives: killed() },
      'a provider that refuses the client': {
        entries: [refresh(1, 0, { fault: 'invalid_client' })],
        calls: [failed(10, 'FAILED_PRECONDITION', 'PROVIDER_MISCONFIGURED')],
      },
    },
    fires: {
      'broken by nothing': { calls: [failed(500, 'UNAVAILABLE')], lives: killed() },
      'no answer': { calls: [failed(1048, 'DEADLINE_EXCEEDED')], lives: killed() },
      'a fault of its own': { calls: [failed(0, 'INTERNAL', 'INTERNAL')] },
      'the wrong call': { calls: [failed(0, 'FAILED_PRECONDITION', 'CODE_REJECTED')] },
      'a damaged record': { calls: [failed(0, 'DATA_LOSS', 'RECORD_DAMAGED')] },
      'nobody refuses the client': {
        calls: [failed(10, 'FAILED_PRECONDITION', 'PROVIDER_MISCONFIGURED')],
      },
    },
  },
  endsAreClean: {
    holds: {
      'killed and stopped': { lives: killed() },
      'by a failpoint': { lives: [life(0, 0, 'itself', 900)], failpoints: 'x=kill@0.1' },
    },
    fires: {
      'by itself': { lives: [life(0, 0, 'itself', 900)] },
      'a stop with an error': { lives: [{ ...life(0, 0, 'term', 900), code: 70 }] },
    },
  },
};

test('every check has cases', () => {
  assert.deepEqual(Object.keys(cases).sort(), Object.keys(checks).sort());
});

for (const [check, { holds, fires }] of Object.entries(cases)) {
  test(check, async (t) => {
    const found = (world) => checks[check](prepared(history(world)));
    for (const [name, world] of Object.entries(holds)) {
      await t.test(`holds: ${name}`, () => assert.deepEqual(found(world), []));
    }
    for (const [name, world] of Object.entries(fires)) {
      await t.test(`fires: ${name}`, () => assert.notDeepEqual(found(world), []));
    }
  });
}

test('a history without a flaw has no violations', () => {
  const lines = [completed(10), stored(5020)];
  assert.deepEqual(
    judge(
      history({
        entries: [code(0), refresh(1, 5000)],
        lives: [life(0, 0, 'term', 60000, lines)],
        calls: [served(1, 100), served(2, 5100)],
      }),
    ),
    [],
  );
  assert.equal(parseToken(rt(1)).kind, 'rt');
});
