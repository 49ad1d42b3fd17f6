import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pino from 'pino';
import type { Attempt } from '../login/attempt.ts';
import { parseProtocol } from '../login/protocol.ts';
import type { Verdict } from '../login/verdict.ts';
import { anAccount } from '../../test/support/accounts.ts';
import { anAttempt } from '../../test/support/attempts.ts';
import { Events, type NameStyle } from './events.ts';
import { Metrics } from './metrics.ts';

const ACCEPTED: Verdict = { kind: 'accept', account: anAccount() };
const REFUSED: Verdict = { kind: 'refuse', reason: 'unknown-user' };
const DEFERRED: Verdict = { kind: 'defer', cause: 'backend-unavailable', detail: 'down' };

function openEvents(names: NameStyle = 'plain', level = 'debug') {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const metrics = new Metrics('1.2.3');
  const events = new Events({ log: pino({ base: null, level }, { write }), writeLine: write }, metrics, names);
  const decide = (attempt: Attempt, verdict: Verdict) => events.decided(attempt, { verdict, trail: [], ms: 2 });
  return { events, metrics, lines, decide };
}

function samples(text: string, name: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(`nauthilus_${name}{`));
}

describe('a decision', () => {
  it('is one line and one count', async () => {
    const { metrics, lines, decide } = openEvents();
    decide(anAttempt(), ACCEPTED);
    decide(anAttempt(), ACCEPTED);
    decide(anAttempt(), REFUSED);

    assert.deepEqual(
      lines.map((line) => line['outcome']),
      ['accept', 'accept', 'refuse'],
    );
    assert.deepEqual(samples(await metrics.render(), 'decisions_total'), [
      'nauthilus_decisions_total{mode="authenticate",outcome="accept",reason="ok",protocol="default"} 2',
      'nauthilus_decisions_total{mode="authenticate",outcome="refuse",reason="unknown-user",protocol="default"} 1',
    ]);
    assert.ok(
      (await metrics.render()).includes('nauthilus_decision_seconds_count{mode="authenticate",outcome="accept"} 2'),
    );
  });

  it('is counted under few labels, whatever protocols callers invent', async () => {
    const { metrics, decide } = openEvents();
    for (let i = 0; i < 500; i += 1) {
      const protocol = parseProtocol(`invented-${i}`);
      assert.ok(protocol !== undefined);
      decide(anAttempt({ protocol, loginName: `user${i}`, caller: `c${i}` }), REFUSED);
    }

    assert.equal(samples(await metrics.render(), 'decisions_total').length, 1);
    assert.doesNotMatch(await metrics.render(), /invented|user\d/);
  });

  it('is counted, but not written, where the log is for more important things', async () => {
    const { metrics, lines, decide } = openEvents('plain', 'warn');
    for (const verdict of [ACCEPTED, REFUSED, DEFERRED]) decide(anAttempt(), verdict);

    assert.deepEqual(
      lines.map((line) => line['outcome']),
      ['defer'],
    );
    assert.equal(samples(await metrics.render(), 'decisions_total').length, 3);
  });
});

describe('names in the log', () => {
  it('are hashed where that is asked for, the same name to the same hash until the next start', () => {
    const { lines, decide, events } = openEvents('hashed');
    decide(anAttempt({ loginName: 'alice@example.test' }), ACCEPTED);
    decide(anAttempt({ loginName: 'bob' }), REFUSED);
    events.attributesTooLarge('S', 'alice@example.test', 9000, 7168);
    const [first, second, third] = lines;

    assert.match(String(first?.['login_name']), /^[\w-]{12}$/);
    assert.equal(first?.['account'], first?.['login_name']);
    assert.equal(third?.['account'], first?.['account']);
    assert.notEqual(second?.['login_name'], first?.['login_name']);
    assert.doesNotMatch(JSON.stringify(lines), /alice|bob/);

    const next = openEvents('hashed');
    next.decide(anAttempt({ loginName: 'bob' }), REFUSED);
    assert.notEqual(next.lines[0]?.['login_name'], second?.['login_name']);
  });
});

describe('other events', () => {
  it('are lines with what an operator needs', () => {
    const { events, lines } = openEvents();
    events.listed({ session: 'S', caller: 'mx', accounts: 3, ms: 1.23456 });
    events.listed({ session: 'S', caller: 'mx', accounts: 0, ms: 1, error: 'down' });
    events.callerRejected({ session: 'S', reason: 'wrong-credentials', name: 'x'.repeat(100), address: '::1' });
    events.requestRejected({ session: 'S', door: 'json', status: 400, error: 'no', caller: 'mx', address: '::1' });
    events.requestFailed('S', new TypeError('a bug'));
    events.requestFailed('S', 'thrown text');
    events.reloaded('accounts', { accounts: 3 });
    events.reloadRefused('accounts', { error: 'line 3' });

    const shown = lines.map(({ time: _time, level, ...line }) => ({
      level: pino.levels.labels[Number(level)],
      ...line,
    }));
    assert.deepEqual(shown, [
      {
        level: 'info',
        session: 'S',
        caller: 'mx',
        accounts: 3,
        ms: 1.235,
        mode: 'list-accounts',
        msg: 'accounts listed',
      },
      {
        level: 'warn',
        session: 'S',
        caller: 'mx',
        accounts: 0,
        ms: 1,
        error: 'down',
        mode: 'list-accounts',
        msg: 'account list deferred',
      },
      {
        level: 'warn',
        session: 'S',
        reason: 'wrong-credentials',
        caller: 'x'.repeat(64),
        caller_ip: '::1',
        msg: 'caller rejected',
      },
      {
        level: 'info',
        session: 'S',
        door: 'json',
        status: 400,
        error: 'no',
        caller: 'mx',
        caller_ip: '::1',
        msg: 'request rejected',
      },
      { level: 'error', session: 'S', err: lines[4]?.['err'], msg: 'request failed' },
      { level: 'error', session: 'S', err: 'thrown text', msg: 'request failed' },
      { level: 'info', what: 'accounts', accounts: 3, msg: 'reloaded' },
      { level: 'error', what: 'accounts', error: 'line 3', msg: 'change refused; the last good state stays in force' },
    ]);
    assert.match(String(lines[4]?.['err']), /TypeError: a bug\n/);
  });
});
