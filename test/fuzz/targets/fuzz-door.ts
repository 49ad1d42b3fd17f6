/** The doors over a scripted backend, asked without a connection. */
import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import pino from 'pino';
import { createDecide, type Decide } from '../../../src/decision/authenticate.ts';
import { Events } from '../../../src/telemetry/events.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';
import { problemAnswer, type Problem } from '../../../src/wire/http/answer.ts';
import { Callers } from '../../../src/wire/http/callers.ts';
import type { Answer, Door, Exchange } from '../../../src/wire/http/exchange.ts';
import { listOf } from '../../../src/wire/http/prepared-headers.ts';
import { type BodyOutcome, MAX_BODY_BYTES } from '../../../src/wire/http/request-body.ts';
import { MemoryBackend } from '../../support/memory-backend.ts';
import { inTime } from '../fuzz-run.ts';
import type { OpenTarget } from '../fuzz-target.ts';

export const NAME = 'alice@example.test';
export const PASSWORD = 'alice-pw';
export const CALLER = `Basic ${Buffer.from('mx:secret').toString('base64')}`;

export interface DoorWorld {
  readonly callers: Callers;
  readonly decide: Decide;
  readonly events: Events;
  readonly backend: MemoryBackend;
}

export function openWorld(): DoorWorld {
  const backend = new MemoryBackend([{ name: NAME, password: PASSWORD }]);
  const log = pino({ level: 'silent' });
  const events = new Events({ log, writeLine: () => {} }, new Metrics('test'), 'plain');
  const scopes = new Set(['authenticate', 'lookup', 'policy'] as const);
  const prove = (_: string, secret: { reveal(): Buffer }) =>
    secret.reveal().equals(Buffer.from('secret')) ? 'match' : 'mismatch';
  const callers = new Callers([{ name: 'mx', scopes, networks: [] }], prove, () => performance.now());
  const never = new AbortController().signal;
  const decide = createDecide({
    backends: [backend],
    answersDisabledLookups: new Set(),
    deadline: () => never,
    now: () => performance.now(),
  });
  return { callers, decide, events, backend };
}

export interface FuzzRequest {
  readonly method?: 'GET' | 'POST';
  readonly query?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const SOCKET = new Socket();

class FuzzExchange implements Pick<Exchange, 'send' | 'reject' | 'fail' | 'readBody'> {
  readonly session = '01M86ZP4JA0000N8S9WEYFN5CK';
  readonly path = '/';
  readonly address = '127.0.0.1';
  readonly peerAddress = '127.0.0.1';
  readonly socket = SOCKET;
  readonly method: string;
  readonly query: string;
  readonly headers: FuzzRequest['headers'];
  readonly answered: Promise<Answer>;
  answer: Answer | undefined;
  readonly #body: Buffer;
  #settle: (answer: Answer) => void = () => {};
  #break: (cause: unknown) => void = () => {};

  constructor({ method = 'POST', query = '', headers, body = Buffer.alloc(0) }: FuzzRequest) {
    this.method = method;
    this.query = query;
    this.headers = headers;
    this.#body = body;
    this.answered = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#break = reject;
    });
  }

  get isAnswered(): boolean {
    return this.answer !== undefined;
  }

  readBody(then: (outcome: BodyOutcome) => void): void {
    then(this.#body.length > MAX_BODY_BYTES ? { kind: 'too-large' } : { kind: 'body', bytes: this.#body });
  }

  send(answer: Answer): void {
    assert.equal(this.answer, undefined, 'a request is answered once');
    this.answer = answer;
    this.#settle(answer);
  }

  reject(problem: Problem): void {
    this.send(problemAnswer(this.session, problem));
  }

  fail(cause: unknown): void {
    this.#break(cause);
  }
}

/** What a door says; a bug within it is thrown. */
export async function askDoor(door: Door, request: FuzzRequest): Promise<Answer> {
  const exchange = new FuzzExchange(request);
  const asked = exchange as unknown as Exchange;
  const whole = exchange.method === 'POST' ? door.openWhole?.(exchange.query) : undefined;
  if (whole === undefined) door.open(asked);
  else whole(asked);
  return exchange.answer ?? (await inTime(exchange.answered));
}

const SAFE_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** All headers of an answer, as a flat list of names and values. */
export function headersIn({ headers, prepared }: Answer): readonly string[] {
  return prepared === undefined ? headers : [...headers, ...listOf(prepared)];
}

/** What must hold for every answer, whatever the request was. */
export function checkAnswer(answer: Answer): void {
  const { status, body, encoding } = answer;
  assert.ok(status < 500, `${status} by a request: ${body}`);
  const all = headersIn(answer);
  for (const value of all) assert.match(value, SAFE_VALUE, 'a header holds what ends it');
  const length = Number(all[all.findIndex((name) => name.toLowerCase() === 'content-length') + 1]);
  assert.equal(length, Buffer.byteLength(body, encoding), 'the length is that of the body');
}

/** A door with what it may let in. */
export interface DoorPlan {
  readonly door: Door;
  readonly world: DoorWorld;
  request(input: string): FuzzRequest;
  isAccepted(answer: Answer): boolean;
  /** Whether the input holds the right name and password, for who reads generously. */
  mayBeAccepted(input: string): boolean;
}

export class OpenDoor implements OpenTarget {
  readonly #plan: DoorPlan;
  taken = 0;

  constructor(plan: DoorPlan) {
    this.#plan = plan;
  }

  async check(input: string): Promise<void> {
    const plan = this.#plan;
    const { door, world } = plan;
    world.backend.asked.length = 0;
    const answer = await askDoor(door, plan.request(input));
    checkAnswer(answer);
    if (!plan.isAccepted(answer)) return;
    this.taken += 1;
    assert.ok(plan.mayBeAccepted(input), 'let in without the right password');
    assert.ok(world.backend.asked.some(({ method, name }) => method === 'verify' && name === NAME));
  }
}
