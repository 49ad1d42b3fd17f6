import assert from 'node:assert/strict';
import type { LineSession, Wire } from '../../../src/wire/line/line-session.ts';
import { SaslSession } from '../../../src/wire/line/sasl/sasl-session.ts';
import { SocketmapSession } from '../../../src/wire/line/socketmap/socketmap-session.ts';
import { TcpTableSession } from '../../../src/wire/line/tcp-table/tcp-table-session.ts';
import { aLineWorld, type LineWorld } from '../../support/fake-wire.ts';
import { MemoryBackend } from '../../support/memory-backend.ts';
import type { FuzzTarget, OpenTarget } from '../fuzz-target.ts';
import { NAME, PASSWORD } from './fuzz-door.ts';

interface Plan {
  open(wire: Wire): LineSession;
  /** Whether an answer lets somebody in, or says what a map has. */
  isTaken(sent: string): boolean;
  mayBeTaken(input: string): boolean;
}

/** Each input is all that one connection sends; cut in two in another place each time, it must lead to the same answers. */
class OpenLines implements OpenTarget {
  readonly #plan: Plan;
  readonly #backend = new MemoryBackend([{ name: NAME, password: PASSWORD }]);
  readonly #world: LineWorld = aLineWorld(this.#backend);
  #count = 0;
  taken = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  check(input: string): void {
    this.#count += 1;
    const whole = this.#answersTo([input]);
    const at = this.#count % (input.length + 1);
    assert.equal(this.#answersTo([input.slice(0, at), input.slice(at)]), whole, `cut at ${at}`);
    this.#backend.asked.length = 0;
    this.#world.lines.length = 0;
    if (!this.#plan.isTaken(whole)) return;
    this.taken += 1;
    assert.ok(this.#plan.mayBeTaken(input), 'let in without the right password');
  }

  #answersTo(chunks: readonly string[]): string {
    let sent = '';
    let hasFailed = false;
    let underWay = 0;
    const session = this.#plan.open({
      parts: this.#world.parts,
      send: (bytes) => {
        sent += bytes;
      },
      begin: () => {
        underWay += 1;
      },
      end: () => {
        underWay -= 1;
      },
      hangUp: () => false,
      fail: () => {
        hasFailed = true;
      },
    });
    const frames = session.openFrames();
    for (const chunk of chunks) {
      frames.push(chunk);
      for (let frame = frames.next(); frame !== undefined && !hasFailed; frame = frames.next()) {
        if (typeof frame === 'string') session.take(frame);
        else hasFailed = true;
      }
    }
    assert.ok(underWay >= 0);
    assert.match(sent, /^[\0-\xff]*$/);
    // What no two connections have alike.
    return sent.replaceAll(/(COOKIE|CUID)\t\w+/g, '$1');
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const decoded = (input: string) =>
  (input.match(/[A-Za-z0-9+/]{4,}={0,2}/g) ?? []).map((one) => Buffer.from(one, 'base64').toString('latin1'));

const sasl: FuzzTarget = {
  name: 'sasl',
  words: [
    'VERSION\t1\t2\n',
    'CPID\t1\n',
    'AUTH\t1\tPLAIN\t',
    'AUTH\t2\tLOGIN\t',
    'service=smtp',
    'resp=',
    '\tnologin',
    'CONT\t1\t',
    'CANCEL\t1\n',
    '\x011',
    '\x01t',
    base64(`\0${NAME}\0${PASSWORD}`),
    base64('a\0b\0c'),
    base64(PASSWORD),
    '*',
  ],
  open: () =>
    new OpenLines({
      open: (wire) => new SaslSession(wire),
      isTaken: (sent) => /^OK\t/m.test(sent),
      mayBeTaken: (input) => decoded(input).some((text) => text.includes(PASSWORD)),
    }),
};

const socketmap: FuzzTarget = {
  name: 'socketmap',
  words: [
    'boxes ',
    'logins ',
    'domains ',
    NAME,
    'example.test',
    '0:,',
    '9999:',
    ':',
    ',',
    '24:boxes alice@example.test,',
  ],
  open: () =>
    new OpenLines({
      open: (wire) => new SocketmapSession(wire),
      isTaken: (sent) => sent.includes(':OK '),
      mayBeTaken: (input) =>
        input.includes('boxes ') ||
        input.includes('logins ') ||
        input.includes('domains ') ||
        input.includes('aliases '),
    }),
};

const tcpTable: FuzzTarget = {
  name: 'tcp-table',
  words: ['get ', 'put ', '\n', '%40', '%', '%0', NAME],
  open: () =>
    new OpenLines({
      open: (wire) => new TcpTableSession(wire),
      isTaken: (sent) => sent.startsWith('200 ') || sent.includes('\n200 '),
      mayBeTaken: (input) => input.includes('get '),
    }),
};

/** What Postfix and Exim send. */
export const LINE_TARGETS: readonly FuzzTarget[] = [sasl, socketmap, tcpTable];
