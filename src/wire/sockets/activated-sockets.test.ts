import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ActivatedSockets } from './activated-sockets.ts';

const PID = 77;

function socketsOf(env: NodeJS.ProcessEnv, duplicate = (descriptor: number) => descriptor + 100): ActivatedSockets {
  return new ActivatedSockets({ env, pid: PID, duplicate });
}

describe('sockets of systemd', () => {
  const env = { LISTEN_PID: String(PID), LISTEN_FDS: '3', LISTEN_FDNAMES: 'http:a=b.socket:http' };

  it('have copies listened on, found by their names', () => {
    assert.equal(socketsOf(env).take('a=b.socket'), 104);
    assert.equal(socketsOf({ LISTEN_PID: String(PID), LISTEN_FDS: '1' }).take('unknown'), 103);
  });

  const problems: readonly (readonly [what: string, env: NodeJS.ProcessEnv, name: string, problem: RegExp])[] = [
    ['of a name that is there twice', env, 'http', /several sockets named http; give each address a socket unit/],
    ['of a name that is not there', env, 'other', /no socket named other, but http, a=b\.socket, http/],
    ['where there are none', {}, 'http', /passed no socket; start the service by a socket unit named http/],
    ['that are for another process', { ...env, LISTEN_PID: '1' }, 'http', /passed no socket/],
    ['whose count is no number', { ...env, LISTEN_FDS: 'x' }, 'http', /passed no socket/],
  ];
  for (const [what, given, name, problem] of problems)
    it(`${what} cannot be had`, () => assert.throws(() => socketsOf(given).take(name), problem));

  it('are handed on to processes that ask this one to listen, under the same names', () => {
    const handedOn = socketsOf(env).handOn();
    assert.equal(handedOn['LISTEN_PID'], undefined);
    assert.equal(socketsOf({ ...handedOn }).take('a=b.socket'), 104);
  });

  it('are copied again only once the copy is gone', () => {
    const copies: number[] = [];
    const duplicate = () => {
      copies.push(openSync('/dev/null', 'r'));
      return copies.at(-1) ?? -1;
    };
    const original = openSync('/dev/null', 'r');
    const sockets = socketsOf({ NAUTHILUS_LISTEN_FDS: undefined, ...environmentOf(original) }, duplicate);
    const last = Array.from({ length: original - 2 }, (_, i) => `n${i}`).at(-1) ?? '';
    const first = sockets.take(last);
    assert.equal(sockets.take(last), first);
    closeSync(first);
    sockets.take(last);
    assert.equal(copies.length, 2);
    closeSync(copies[1] ?? -1);
    closeSync(original);
  });
});

/** As many sockets as make a descriptor the last of them. */
function environmentOf(descriptor: number): NodeJS.ProcessEnv {
  const names = Array.from({ length: descriptor - 2 }, (_, i) => `n${i}`);
  return { LISTEN_PID: String(PID), LISTEN_FDS: String(names.length), LISTEN_FDNAMES: names.join(':') };
}
