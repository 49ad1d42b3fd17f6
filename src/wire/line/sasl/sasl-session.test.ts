import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { accountName, anAccount } from '../../../../test/support/accounts.ts';
import { aLineWorld, type LineWorld } from '../../../../test/support/fake-wire.ts';
import { MemoryBackend } from '../../../../test/support/memory-backend.ts';
import type { Attempt } from '../../../login/attempt.ts';
import type { Decision } from '../../../login/verdict.ts';
import { type LineParts, Work } from '../line-session.ts';
import { SaslSession } from './sasl-session.ts';

const WRONG = 'reason=Invalid login or password';
const LATER = 'reason=Temporary server problem, try again later\ttemp\tcode=temp_fail';

class Peer {
  readonly world: LineWorld;
  readonly backend: MemoryBackend;
  readonly session: SaslSession;
  readonly failures: string[] = [];
  underWay = 0;
  hungUp = 0;
  #sent = '';

  constructor(changes: Partial<LineParts> = {}) {
    this.backend = new MemoryBackend([
      { name: 'alice@example.test', password: 'alice-pw' },
      { name: 'bob@example.test', password: 'bob-pw', isDisabled: true },
      { name: 'zoë@example.test', password: 'pässwörd' },
    ]);
    this.world = aLineWorld(this.backend, changes);
    this.session = new SaslSession({
      parts: this.world.parts,
      send: (bytes) => {
        this.#sent += bytes;
      },
      begin: () => {
        this.underWay += 1;
      },
      end: () => {
        this.underWay -= 1;
      },
      hangUp: () => {
        this.hungUp += 1;
        return true;
      },
      fail: (problem) => void this.failures.push(problem),
    });
  }

  /** What was sent since the last time, as lines. */
  sent(): string[] {
    const lines = this.#sent.split('\n').slice(0, -1);
    this.#sent = '';
    return lines;
  }

  greeted(): this {
    this.take('VERSION\t1\t1', 'CPID\t7');
    this.sent();
    return this;
  }

  take(...lines: readonly string[]): string[] {
    for (const line of lines) this.session.take(line);
    return this.sent();
  }
}

function plain(user: string, password: string, authorizationId = ''): string {
  return Buffer.from(`${authorizationId}\0${user}\0${password}`).toString('base64');
}

function auth(id: number, response: string, more = ''): string {
  return `AUTH\t${id}\tPLAIN\tservice=smtp\tnologin${more}\tresp=${response}`;
}

describe('a session of the SASL protocol', () => {
  it('says at once what a client waits for before it says anything', () => {
    const lines = new Peer().sent();

    assert.deepEqual(lines.slice(0, 3), ['VERSION\t1\t2', 'MECH\tPLAIN\tplaintext', 'MECH\tLOGIN\tplaintext']);
    assert.equal(lines[3], `SPID\t${process.pid}`);
    assert.match(lines[4] ?? '', /^CUID\t\d+$/);
    assert.match(lines[5] ?? '', /^COOKIE\t[0-9a-f]{32}$/);
    assert.deepEqual(lines.slice(6), ['DONE']);
  });

  for (const [what, response, answer] of [
    ['the right password', plain('alice@example.test', 'alice-pw'), 'OK\t1\tuser=alice@example.test'],
    ['one that is not ASCII', plain('zoë@example.test', 'pässwörd'), 'OK\t1\tuser=zoÃ«@example.test'],
    [
      'the own name as authorization identity',
      plain('alice@example.test', 'alice-pw', 'alice@example.test'),
      'OK\t1\tuser=alice@example.test',
    ],
    ['a wrong password', plain('alice@example.test', 'x'), `FAIL\t1\tuser=alice@example.test\t${WRONG}`],
    ['an unknown user', plain('nobody', 'x'), `FAIL\t1\tuser=nobody\t${WRONG}`],
    ['an empty password', plain('alice@example.test', ''), `FAIL\t1\tuser=alice@example.test\t${WRONG}`],
    [
      'a disabled account',
      plain('bob@example.test', 'bob-pw'),
      'FAIL\t1\tuser=bob@example.test\treason=Account not enabled\tuser_disabled\tcode=user_disabled',
    ],
    [
      'somebody else as authorization identity',
      plain('alice@example.test', 'alice-pw', 'bob@example.test'),
      `FAIL\t1\tuser=alice@example.test\t${WRONG}\tauthz\tcode=authz_fail`,
    ],
    ['no user', plain('', 'x'), 'FAIL\t1\treason=Invalid authentication message'],
    ['too many parts', plain('a\0b', 'x'), 'FAIL\t1\treason=Invalid authentication message'],
    ['no parts', Buffer.from('alice').toString('base64'), 'FAIL\t1\treason=Invalid authentication message'],
    ['nothing', '=', 'FAIL\t1\treason=Invalid authentication message'],
    ['what is no base64', 'a', 'FAIL\t1\treason=Invalid base64 data'],
    ['base64 with something behind it', `${plain('alice', 'x')}x`, 'FAIL\t1\treason=Invalid base64 data'],
  ] as const)
    it(`answers to ${what}`, () => {
      assert.deepEqual(new Peer().greeted().take(auth(1, response)), [answer]);
    });

  it('asks a client of LOGIN for its name and its password', () => {
    const peer = new Peer().greeted();
    const encode = (text: string) => Buffer.from(text).toString('base64');

    assert.deepEqual(peer.take('AUTH\t4\tLOGIN\tservice=smtp'), [`CONT\t4\t${encode('Username:')}`]);
    assert.equal(peer.session.isHalfway, true);
    assert.deepEqual(peer.take(`CONT\t4\t${encode('alice@example.test')}`), [`CONT\t4\t${encode('Password:')}`]);
    assert.deepEqual(peer.take(`CONT\t4\t${encode('alice-pw')}`), ['OK\t4\tuser=alice@example.test']);
    assert.equal(peer.session.isHalfway, false);
  });

  it('asks a client of PLAIN that has not said anything yet, and takes the name of LOGIN at once', () => {
    const peer = new Peer().greeted();
    const name = Buffer.from('alice@example.test').toString('base64');

    assert.deepEqual(peer.take('AUTH\t1\tplain\tservice=smtp'), ['CONT\t1\t']);
    assert.deepEqual(peer.take('AUTH\t3\tplain\tservice=smtp\tresp='), ['CONT\t3\t']);
    assert.deepEqual(peer.take(`CONT\t1\t${plain('alice@example.test', 'alice-pw')}`), [
      'OK\t1\tuser=alice@example.test',
    ]);
    assert.match(peer.take(`AUTH\t2\tLOGIN\tresp=${name}`)[0] ?? '', /^CONT\t2\t/);
  });

  it('tells the decision who asks and from where', () => {
    const peer = new Peer().greeted();
    const more =
      '\tlip=192.0.2.1\trip=2001:DB8::7\tlport=587\trport=40000\tsecured\ttls_cipher=X\u0001tY\tsession=abc\tclient_id=("a")';
    peer.take(auth(1, plain('alice@example.test', 'alice-pw'), more));

    const [line] = peer.world.lines;
    assert.deepEqual(
      [line?.['caller'], line?.['protocol'], line?.['mechanism'], line?.['client_ip'], line?.['client_port']],
      ['a-listener', 'smtp', 'plain', '2001:db8::7', 40_000],
    );
    assert.deepEqual([line?.['local_ip'], line?.['local_port'], line?.['tls']], ['192.0.2.1', 587, true]);
    assert.deepEqual([line?.['tls_cipher'], line?.['external_session'], line?.['client_id']], ['X\tY', 'abc', '("a")']);
  });

  it('takes nothing that stands behind the message of the client for its own', () => {
    const peer = new Peer().greeted();
    peer.take(`${auth(1, plain('alice@example.test', 'alice-pw'), '\trip=192.0.2.9')}\trip=127.0.0.1\tsecured`);

    assert.deepEqual([peer.world.lines[0]?.['client_ip'], peer.world.lines[0]?.['tls']], ['192.0.2.9', false]);
  });

  for (const [what, more] of [
    ['an address', '\trip=300.1.1.1'],
    ['a port', '\trport=70000'],
    ['a service', '\tservice=\u00ff\u00ff'],
  ] as const)
    it(`answers ${what} that cannot be read with a temporary failure`, () => {
      const peer = new Peer().greeted();

      assert.deepEqual(peer.take(auth(1, plain('alice@example.test', 'alice-pw'), more)), [`FAIL\t1\t${LATER}`]);
      assert.equal(peer.world.lines[0]?.['msg'], 'request rejected');
    });

  it('knows no mechanism without a password', () => {
    const peer = new Peer().greeted();
    for (const name of ['ANONYMOUS', 'EXTERNAL', 'GSSAPI', 'constructor'])
      assert.deepEqual(peer.take(`AUTH\t1\t${name}\tservice=smtp\tresp=`), [
        'FAIL\t1\treason=Unsupported authentication mechanism',
      ]);
  });

  it('defers while a backend is away, by an answer or by closing the connection', () => {
    const outage = { kind: 'unavailable', overloaded: false, detail: 'away' } as const;
    const request = auth(1, plain('alice@example.test', 'alice-pw'));
    const answering = new Peer().greeted();
    const closing = new Peer({ hangsUpForNow: true }).greeted();
    answering.backend.outage = outage;
    closing.backend.outage = outage;

    assert.deepEqual(answering.take(request), [`FAIL\t1\tuser=alice@example.test\t${LATER}`]);
    assert.deepEqual([closing.take(request), closing.hungUp], [[], 1]);
  });

  it('answers many requests under way each when it is decided', async () => {
    const peer = new Peer({ hangsUpForNow: true }).greeted();
    const { promise, resolve } = Promise.withResolvers<void>();
    peer.backend.delay = promise;
    const request = (id: number) => auth(id, plain('alice@example.test', 'alice-pw'));

    assert.deepEqual(peer.take(request(1), request(2), request(3)), []);
    assert.deepEqual([peer.underWay, peer.world.parts.work.inFlight], [3, 3]);
    peer.take('CANCEL\t2');
    resolve();
    await turn();
    await turn();

    assert.deepEqual(peer.sent(), ['OK\t1\tuser=alice@example.test', 'OK\t3\tuser=alice@example.test']);
    assert.deepEqual([peer.underWay, peer.world.parts.work.inFlight], [0, 0]);
    assert.equal(peer.world.lines.length, 3);
  });

  it('defers what is more than may be under way', () => {
    const peer = new Peer({ work: new Work(0) }).greeted();

    assert.deepEqual(peer.take(auth(1, plain('alice@example.test', 'alice-pw'))), [`FAIL\t1\t${LATER}`]);
    assert.equal(peer.backend.asked.length, 0);
  });

  it('holds but so many exchanges in which it is the turn of the client', () => {
    const peer = new Peer().greeted();
    const answers = peer.take(...Array.from({ length: 130 }, (_, id) => `AUTH\t${id}\tLOGIN\tservice=smtp`));

    assert.equal(answers.filter((line) => line.startsWith('CONT')).length, 128);
    assert.equal(answers.filter((line) => line.includes('temp_fail')).length, 2);
    assert.deepEqual(peer.take('CANCEL\t0', 'CONT\t0\tYQ=='), ['FAIL\t0\treason=Authentication timed out']);
  });

  for (const [what, lines] of [
    ['another version', ['VERSION\t2\t0']],
    ['a request before its greeting', ['AUTH\t1\tPLAIN\tservice=smtp']],
    ['a request before its version', ['CPID\t1', 'AUTH\t1\tPLAIN\tservice=smtp']],
    ['an id that is no number', ['VERSION\t1\t1', 'CPID\t1', 'AUTH\tx\tPLAIN']],
    ['an id of more than 32 bits', ['VERSION\t1\t1', 'CPID\t1', 'AUTH\t4294967296\tPLAIN']],
    ['an id that is under way', ['VERSION\t1\t1', 'CPID\t1', 'AUTH\t1\tLOGIN', 'AUTH\t1\tLOGIN']],
    ['an answer to nobody', ['VERSION\t1\t1', 'CPID\t1', 'CONT\t\tYQ==']],
    ['too much that means nothing', Array.from({ length: 65 }, () => 'SERVICE\tSMTP')],
  ] as const)
    it(`has nothing more to do with who sends ${what}`, () => {
      const peer = new Peer();
      peer.take(...lines);

      assert.equal(peer.failures.length, 1);
      assert.equal(peer.backend.asked.length, 0);
    });

  it('leaves alone what only other servers know', () => {
    const peer = new Peer();

    peer.take('VERSION\t1\t9\tmore', 'SERVICE\tSMTP', 'CPID\t1');
    assert.deepEqual(peer.take(auth(1, plain('alice@example.test', 'alice-pw'))), ['OK\t1\tuser=alice@example.test']);
    assert.deepEqual(peer.failures, []);
  });

  it('lets nobody in without the right password, whatever it is sent', () => {
    const word = fc.constantFrom(
      'AUTH',
      'CONT',
      'CANCEL',
      '1',
      '2',
      'PLAIN',
      'LOGIN',
      'resp=',
      'YWxpY2U=',
      'rip=1.2.3.4',
    );
    const any = fc
      .uint8Array({ maxLength: 40 })
      .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\n', ''));
    const line = fc.array(fc.oneof(word, any), { maxLength: 8 }).map((fields) => fields.join('\t'));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const answers = new Peer().greeted().take(...lines);

        assert.ok(answers.every((answer) => /^(FAIL|CONT)\t\d+(\t|$)/.test(answer)));
      }),
    );
  });
});

describe('a master login by an authorization identity', () => {
  const account = anAccount({ name: 'bob@example.test' });
  const master = accountName('alice@example.test');
  const request = auth(1, plain('alice@example.test', 'alice-pw', 'bob@example.test'));

  it('is decided as one that a client types, and answered with the account', () => {
    const names: string[] = [];
    const decide = (attempt: Attempt): Decision => {
      names.push(attempt.loginName);
      return { verdict: { kind: 'accept', account, master }, trail: [], ms: 0 };
    };
    const peer = new Peer({ masterSeparator: '*', decide }).greeted();

    assert.deepEqual(peer.take(request), ['OK\t1\tuser=bob@example.test']);
    assert.deepEqual(names, ['bob@example.test*alice@example.test']);
  });

  it('is refused where the account that was found is not that of a master login', () => {
    const decide = (): Decision => ({ verdict: { kind: 'accept', account }, trail: [], ms: 0 });
    const peer = new Peer({ masterSeparator: '*', decide }).greeted();

    assert.match(peer.take(request)[0] ?? '', /^FAIL\t1\t/);
  });
});
