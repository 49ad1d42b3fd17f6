import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseClientAddress } from '../../login/client-address.ts';
import type { RuleFinding } from '../../login/verdict.ts';
import { anAttempt } from '../../../test/support/attempts.ts';
import { noticeOfFinding } from './notice.ts';
import { Notices } from './notices.ts';

const ATTEMPT = anAttempt({ clientAddress: parseClientAddress('192.0.2.7'), loginName: 'alice@example.test' });
const UNTIL = Date.UTC(2030, 0, 7);

describe('what a rule finds', () => {
  const cases: readonly (readonly [RuleFinding, string | undefined])[] = [
    [
      { rule: 'address', effect: 'refused', network: '192.0.2.7/32', count: 20, limit: 20, untilMs: UNTIL },
      'block-put',
    ],
    [{ rule: 'address', effect: 'refused', network: '192.0.2.7/32', untilMs: UNTIL }, undefined],
    [{ rule: 'address', effect: 'observed', network: '192.0.2.7/32', count: 20, limit: 20 }, 'network-limit-passed'],
    [{ rule: 'account', effect: 'refused', count: 50, limit: 50 }, 'account-budget-used-up'],
    [{ rule: 'account-network', effect: 'refused', network: '192.0.2.0/24' }, 'account-budget-used-up'],
    [{ rule: 'spraying', effect: 'observed', network: '192.0.2.0/24' }, 'spraying-seen'],
    [{ rule: 'manual', effect: 'refused', untilMs: UNTIL }, undefined],
    [{ rule: 'state-unavailable', effect: 'observed' }, undefined],
  ];
  for (const [finding, kind] of cases)
    it(`by ${finding.rule} (${finding.effect}${finding.count === undefined ? '' : ', counted'}) is ${kind ?? 'not told'}`, () => {
      const notice = noticeOfFinding(finding, ATTEMPT, (name) => `<${name}>`);
      assert.equal(notice?.kind, kind);
      if (kind === 'account-budget-used-up') assert.equal(notice?.fields['login_name'], '<alice@example.test>');
    });
});

describe('notices', () => {
  it('of one subject are told once in a while, to who wants them', () => {
    let now = UNTIL;
    const all: string[] = [];
    const some: string[] = [];
    const counted: string[] = [];
    const notices = new Notices({
      targets: [
        { kinds: new Set(), send: (_, body) => all.push(body) },
        { kinds: new Set(['spraying-seen']), send: (id) => some.push(id) },
      ],
      quietMs: 1000,
      onNotice: (kind) => counted.push(kind),
      now: () => now,
    });
    const spraying = { kind: 'spraying-seen', fields: { network: 'a' }, subject: 'a' } as const;
    for (let i = 0; i < 3; i += 1) notices.take(spraying);
    notices.take({ ...spraying, subject: 'b' });
    now += 1000;
    notices.take(spraying);
    for (let i = 0; i < 2; i += 1) notices.take({ kind: 'server-down', fields: { server: 'x' } });

    assert.equal(all.length, 5);
    assert.equal(new Set(some).size, 3);
    assert.deepEqual(counted, ['spraying-seen', 'spraying-seen', 'spraying-seen', 'server-down', 'server-down']);
    const { id, ...first } = JSON.parse(all[0] ?? '') as { id: string };
    assert.equal(id, some[0]);
    assert.deepEqual(first, { time: '2030-01-07T00:00:00.000Z', event: 'spraying-seen', network: 'a' });
  });
});
