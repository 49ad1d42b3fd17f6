import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { aLineWorld } from '../../../../test/support/fake-wire.ts';
import { MemoryBackend } from '../../../../test/support/memory-backend.ts';
import type { LineSession, Wire } from '../line-session.ts';
import { SocketmapSession } from '../socketmap/socketmap-session.ts';
import { TcpTableSession } from '../tcp-table/tcp-table-session.ts';

const AWAY = { kind: 'unavailable', overloaded: false, detail: 'away' } as const;

function aPeer(open: (wire: Wire) => LineSession, maps: readonly string[]) {
  const backend = new MemoryBackend([
    {
      name: 'alice@example.test',
      password: 'x',
      aliases: ['a@example.test'],
      attributes: { to: ['b@x', 'c@y'], sends: ['boss'] },
    },
    { name: 'zoë@example.test', password: 'x', attributes: { to: ['evil\nline', ''] } },
    { name: 'long@example.test', password: 'x', attributes: { to: ['x'.repeat(100_000)] } },
    { name: 'off@example.test', password: 'x', isDisabled: true },
  ]);
  const world = aLineWorld(backend);
  const chosen = new Map([...world.parts.maps].filter(([name]) => maps.includes(name)));
  const failures: string[] = [];
  let sent = '';
  const session = open({
    parts: { ...world.parts, maps: chosen },
    send: (bytes) => {
      sent += bytes;
    },
    begin() {},
    end() {},
    hangUp: () => false,
    fail: (problem) => void failures.push(problem),
  });
  const ask = (request: string) => {
    sent = '';
    session.take(request);
    return sent;
  };
  return { ask, backend, failures, world, sent: () => sent };
}

describe('a session of socketmap', () => {
  const open = () => aPeer((wire) => new SocketmapSession(wire), ['boxes', 'logins', 'aliases', 'domains']);

  for (const [request, reply] of [
    ['boxes alice@example.test', '5:OK OK,'],
    ['boxes a@example.test', '5:OK OK,'],
    ['boxes nobody@example.test', '9:NOTFOUND ,'],
    ['boxes off@example.test', '9:NOTFOUND ,'],
    ['boxes two words', '9:NOTFOUND ,'],
    ['boxes ', '9:NOTFOUND ,'],
    ['boxes @example.test', '9:NOTFOUND ,'],
    ['logins a@example.test', '26:OK alice@example.test,boss,'],
    ['logins zo\u00c3\u00ab@example.test', '20:OK zo\u00c3\u00ab@example.test,'],
    ['aliases a@example.test', '10:OK b@x,c@y,'],
    ['aliases zo\u00c3\u00ab@example.test', '9:NOTFOUND ,'],
    ['aliases long@example.test', '46:PERM the value is longer than Postfix takes,'],
    ['domains Example.TEST', '5:OK OK,'],
    ['domains other.test', '49:TEMP Temporary server problem, try again later,'],
    ['strange alice@example.test', '16:PERM no such map,'],
    ['constructor alice@example.test', '16:PERM no such map,'],
  ] as const)
    it(`answers ${JSON.stringify(request)}`, () => {
      const reckoned = open().ask(request);

      assert.equal(reckoned.slice(reckoned.indexOf(':')), reply.slice(reply.indexOf(':')));
      assert.equal(Number.parseInt(reckoned, 10), reckoned.slice(reckoned.indexOf(':') + 1, -1).length);
    });

  it('is a temporary failure while a backend is away, at once or later', async () => {
    const peer = open();
    peer.backend.outage = AWAY;
    const reply = '46:TEMP Temporary server problem, try again later,';

    assert.equal(peer.ask('boxes alice@example.test'), reply);
    peer.backend.delay = Promise.resolve();
    assert.equal(peer.ask('boxes alice@example.test'), '');
    await turn();
    assert.equal(peer.sent(), reply);
  });

  it('has nothing more to do with who sends no name', () => {
    const peer = open();
    peer.ask('alice');
    peer.ask(' alice');

    assert.equal(peer.failures.length, 2);
  });

  it('writes a line for each look-up, with the listener for the caller', () => {
    const peer = open();
    peer.ask('boxes alice@example.test');

    const { caller, mode, protocol, login_name: name, outcome } = peer.world.lines[0] ?? {};
    assert.deepEqual(
      [caller, mode, protocol, name, outcome],
      ['a-listener', 'look-up', 'smtp', 'alice@example.test', 'accept'],
    );
  });
});

describe('a session of tcp_table', () => {
  for (const [map, request, reply] of [
    ['boxes', 'get alice@example.test', '200 OK\n'],
    ['boxes', 'get alice%40example.test\r', '200 OK\n'],
    ['aliases', 'get a@example.test', '200 b@x,c@y\n'],
    ['logins', 'get zo%c3%ab@example.test', '200 zo%c3%ab@example.test\n'],
    ['aliases', 'get long@example.test', '400 the%20value%20is%20longer%20than%20a%20line\n'],
    ['boxes', 'get nobody', '500 not%20found\n'],
    ['domains', 'get other.test', '400 Temporary%20server%20problem,%20try%20again%20later\n'],
    ['boxes', 'put a b', '500 keys%20cannot%20be%20changed\n'],
    ['boxes', 'get %zz', '400 get%20and%20a%20key%20were%20expected\n'],
    ['boxes', 'EHLO', '400 get%20and%20a%20key%20were%20expected\n'],
  ] as const)
    it(`answers ${JSON.stringify(request)} from ${map}`, () => {
      assert.equal(aPeer((wire) => new TcpTableSession(wire), [map]).ask(request), reply);
    });
});
