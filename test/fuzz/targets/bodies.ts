import assert from 'node:assert/strict';
import type { Policy } from '../../../src/decision/policy/policy.ts';
import type { Answer } from '../../../src/wire/http/exchange.ts';
import { CborDoor } from '../../../src/wire/http/cbor/cbor-door.ts';
import { JsonDoor } from '../../../src/wire/http/json/json-door.ts';
import { SaslauthdDoor } from '../../../src/wire/http/saslauthd/saslauthd-door.ts';
import { WforceDoor } from '../../../src/wire/http/wforce/wforce-door.ts';
import { aDovecotConfig } from '../../support/dovecot-settings.ts';
import { MemoryBackend } from '../../support/memory-backend.ts';
import { guarded } from '../../support/protection.ts';
import type { FuzzTarget, OpenTarget } from '../fuzz-target.ts';
import { askDoor, CALLER, checkAnswer, type DoorWorld, NAME, OpenDoor, openWorld, PASSWORD } from './fuzz-door.ts';

const isOk = ({ status }: Answer) => status === 200;
const bytesOf = (input: string) => Buffer.from(input, 'latin1');

function headersOf(type: string): Record<string, string> {
  return { host: 'x', authorization: CALLER, 'content-type': type };
}

function listParts(world: DoorWorld) {
  return {
    ...world,
    async *listAccounts() {},
    attributeHeadersLimit: 4096,
    listDeadline: () => new AbortController().signal,
  };
}

const json: FuzzTarget = {
  name: 'json',
  words: [
    '"username"',
    '"password"',
    `"${NAME}"`,
    `"${PASSWORD}"`,
    '"Password"',
    ':',
    ',',
    'null',
    '1e999',
    '\\u0000',
    '\\ud800',
    '[[[',
  ],
  open() {
    const world = openWorld();
    return new OpenDoor({
      world,
      door: new JsonDoor({ ...listParts(world), attributeLimit: 7168, dovecot: aDovecotConfig() }),
      request: (input) => ({ headers: headersOf('application/json'), body: bytesOf(input) }),
      isAccepted: isOk,
      mayBeAccepted: (input) => holdsInJson(input),
    });
  },
};

/** Without a look at what stands twice, as a generous reader would. */
function holdsInJson(input: string): boolean {
  const fields: Readonly<Record<string, unknown>> = JSON.parse(
    bytesOf(input)
      .toString('utf8')
      .replace(/^\ufeff/, ''),
  );
  const has = (name: string, value: string) =>
    Object.entries(fields).some(([key, held]) => key.toLowerCase() === name && held === value);
  return has('username', NAME) && has('password', PASSWORD);
}

const cbor: FuzzTarget = {
  name: 'cbor',
  words: [
    '\xa2',
    '\xbf',
    '\xff',
    '\x7f',
    '\x9f',
    '\x68password',
    '\x68username',
    `\x68${PASSWORD}`,
    '\xf6',
    '\xfb',
    '\x1b',
    '\xc0',
  ],
  open() {
    const world = openWorld();
    return new OpenDoor({
      world,
      door: new CborDoor(listParts(world)),
      request: (input) => ({ headers: headersOf('application/cbor'), body: bytesOf(input) }),
      isAccepted: isOk,
      mayBeAccepted: (input) => input.includes(PASSWORD) && input.includes(NAME),
    });
  },
};

const form: FuzzTarget = {
  name: 'form',
  words: [
    'username=',
    '&password=',
    '&realm=',
    '&caller=mx',
    '&caller_secret=secret',
    '%',
    '%00',
    '%41',
    '+',
    '&',
    '=',
    '@example.test',
  ],
  open() {
    const world = openWorld();
    return new OpenDoor({
      world,
      door: new SaslauthdDoor(world),
      request: (input) => ({ headers: headersOf('application/x-www-form-urlencoded'), body: bytesOf(input) }),
      isAccepted: isOk,
      mayBeAccepted: (input) => [...new URLSearchParams(input).values()].includes(PASSWORD),
    });
  },
};

const wforce: FuzzTarget = {
  name: 'wforce',
  words: [
    '"login"',
    '"remote"',
    '"pwhash"',
    '"success"',
    '"policy_reject"',
    '"fail_type"',
    'true',
    'false',
    '"true"',
    '::1',
    '"tls"',
    'null',
  ],
  open: () => new OpenWforce(),
};

/** Questions and reports in turn, over a protection whose books are bounded. */
class OpenWforce implements OpenTarget {
  readonly #door: WforceDoor;
  #count = 0;
  taken = 0;

  constructor() {
    const { callers, events } = openWorld();
    const policy: Policy = guarded({ backends: [new MemoryBackend()] }).policy;
    this.#door = new WforceDoor({ callers, events, policy, message: '', orders: new Map() });
  }

  async check(input: string): Promise<void> {
    this.#count += 1;
    const query = this.#count % 2 === 0 ? 'command=allow' : 'command=report';
    const answer = await askDoor(this.#door, { query, headers: headersOf('application/json'), body: bytesOf(input) });
    checkAnswer(answer);
    const { status } = JSON.parse(answer.body) as { readonly status: unknown };
    if (answer.status !== 200) return assert.equal(status, 'failure');
    this.taken += 1;
    assert.ok(status === 'ok' || (Number.isInteger(status) && Number(status) >= -1 && Number(status) <= 60));
  }
}

/** Bodies of requests, through their doors. */
export const BODY_TARGETS: readonly FuzzTarget[] = [json, cbor, form, wforce];
