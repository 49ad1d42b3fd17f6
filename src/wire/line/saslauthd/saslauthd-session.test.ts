import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { aLineWorld } from '../../../../test/support/fake-wire.ts';
import { MemoryBackend } from '../../../../test/support/memory-backend.ts';
import { type LineParts, Work } from '../line-session.ts';
import { renderString } from './counted-strings.ts';
import { SaslauthdSession } from './saslauthd-session.ts';

const OK = renderString('OK');
const NO = renderString('NO Invalid login or password');

function aPeer(changes: Partial<LineParts> = {}) {
  const backend = new MemoryBackend([
    { name: 'alice@example.test', password: 'alice-pw' },
    { name: 'bob', password: 'bob-pw', isDisabled: true },
    { name: 'zoë@example.test', password: 'pä' },
  ]);
  const world = aLineWorld(backend, changes);
  const failures: string[] = [];
  const seen = { sent: '', hungUp: 0 };
  const session = new SaslauthdSession({
    parts: world.parts,
    send: (bytes) => {
      seen.sent += bytes;
    },
    begin() {},
    end() {},
    hangUp: () => {
      seen.hungUp += 1;
      return true;
    },
    fail: (problem) => void failures.push(problem),
  });
  const ask = async (...strings: readonly string[]) => {
    seen.sent = '';
    session.take(strings.map(renderString).join(''));
    for (let i = 0; i < 100 && seen.sent === '' && seen.hungUp === 0 && failures.length === 0; i += 1) await sleep(5);
    return seen.sent;
  };
  return { ask, backend, world, failures, seen };
}

describe('a session of saslauthd', () => {
  for (const [what, strings, answer] of [
    ['a right password', ['alice@example.test', 'alice-pw', 'smtp', ''], OK],
    ['a name in a realm', ['alice', 'alice-pw', 'smtp', 'example.test'], OK],
    ['a name that has its realm already', ['alice@example.test', 'alice-pw', 'smtp', 'example.test'], OK],
    ['the address of the client', ['alice', 'alice-pw', 'smtp', 'example.test', '192.0.2.7;4711'], OK],
    ['bytes in UTF-8', ['zo\xc3\xab', 'p\xc3\xa4', 'smtp', 'example.test'], OK],
    ['a password in Latin-1', ['zo\xc3\xab', 'p\xe4', 'smtp', 'example.test'], OK],
    ['a wrong password', ['alice@example.test', 'wrong', 'smtp', ''], NO],
    ['a name that nobody has', ['nobody', 'alice-pw', 'smtp', ''], NO],
    ['another realm', ['alice', 'alice-pw', 'smtp', 'other.test'], NO],
    ['no name', ['', 'alice-pw', 'smtp', ''], NO],
    ['no password', ['alice@example.test', '', 'smtp', ''], NO],
    ['a password with a NUL', ['alice@example.test', 'alice-pw\0x', 'smtp', ''], NO],
    ['a disabled account', ['bob', 'bob-pw', 'smtp', ''], renderString('NO Account not enabled')],
  ] as const)
    it(`answers to ${what}`, async () => {
      const peer = aPeer();

      assert.equal(await peer.ask(...strings), answer);
      assert.deepEqual([peer.failures, peer.seen.hungUp], [[], 0]);
    });

  it('logs who was asked for, by the names that mail servers use', async () => {
    const peer = aPeer();
    await peer.ask('alice', 'wrong', 'pop', 'example.test', '2001:db8::7;4711');
    await peer.ask('alice', 'wrong', 'smtp', 'example.test', 'nonsense');
    const [first, second] = peer.world.lines;

    assert.deepEqual(
      [first?.['caller'], first?.['login_name'], first?.['protocol'], first?.['client_ip'], first?.['reason']],
      ['a-listener', 'alice@example.test', 'pop3', '2001:db8::7', 'wrong-password'],
    );
    assert.equal(second?.['client_ip'], undefined);
    assert.match(await peer.world.metrics.render(), /line_answers_total\{door="saslauthd",answer="fail"\} 2/);
  });

  it('says that clients have TLS where the operator does', async () => {
    for (const clientsHaveTls of [true, false]) {
      const peer = aPeer({ clientsHaveTls });
      await peer.ask('alice', 'alice-pw', 'smtp', 'example.test');
      assert.equal(peer.world.lines[0]?.['tls'], clientsHaveTls);
    }
  });

  it('hangs up where nobody can know now', async () => {
    const away = aPeer();
    away.backend.outage = { kind: 'unavailable', overloaded: false, detail: 'away' };
    const busy = aPeer({ work: new Work(0) });
    for (const peer of [away, busy]) {
      assert.equal(await peer.ask('alice@example.test', 'alice-pw', 'smtp', ''), '');
      assert.deepEqual([peer.seen.hungUp, peer.failures], [1, []]);
    }
  });

  it('does not answer for a service that is no protocol', async () => {
    const peer = aPeer();

    assert.equal(await peer.ask('alice@example.test', 'alice-pw', 'a b', ''), '');
    assert.deepEqual(peer.failures, ['the service is no name of a protocol']);
  });
});
