/**
 * One connection of a mail server that asks about logins as it would ask Dovecot (authentication client protocol 1.2): many
 * requests may be under way on it, each with a number of its own.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { Attempt } from '../../../login/attempt.ts';
import type { Decision } from '../../../login/verdict.ts';
import { newSessionId } from '../../http/session-id.ts';
import { type Frames, LineFrames } from '../frames.ts';
import type { LineSession, Wire } from '../line-session.ts';
import { type AuthRequest, parseAuthRequest, parseRequestId } from './auth-request.ts';
import { decodeBase64 } from './base64.ts';
import { chooseLoginName, FOREIGN_IDENTITY, onlyAsMaster } from './identities.ts';
import { type Credentials, type Exchange, type ExchangeStep, MECHANISMS } from './mechanisms.ts';
import {
  renderChallenge,
  renderForeign,
  renderRefusal,
  renderTemporary,
  renderVerdict,
  type SaslAnswer,
} from './sasl-answer.ts';

const MAX_LINE_BYTES = 16 * 1024;
const MAX_UNDER_WAY = 128;
/** Exchanges at a time in which it is the client's turn. */
const MAX_HALFWAY = 128;
const HALFWAY_MS = 60_000;
/** Lines that mean nothing to us on one connection. */
const MAX_UNKNOWN = 64;
const MAJOR = '1';

const MECHANISM_LINES = [...MECHANISMS].map(([name, { traits }]) => `MECH\t${[name, ...traits].join('\t')}\n`).join('');

let connections = 0;

interface Halfway {
  readonly request: AuthRequest;
  readonly exchange: Exchange;
  readonly sinceMs: number;
}

export class SaslSession implements LineSession {
  readonly maxUnderWay = MAX_UNDER_WAY;
  readonly #wire: Wire;
  readonly #halfway = new Map<number, Halfway>();
  /** Requests that are being decided; true where nobody wants to know any more. */
  readonly #asked = new Map<number, boolean>();
  #hasVersion = false;
  #isGreeted = false;
  #unknown = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
    connections = (connections + 1) % 0x7fff_ffff;
    const cookie = randomBytes(16).toString('hex');
    const identity = `SPID\t${process.pid}\nCUID\t${connections}\nCOOKIE\t${cookie}\n`;
    // At once: some clients say nothing before they have read all of it.
    wire.send(`VERSION\t1\t2\n${MECHANISM_LINES}${identity}DONE\n`);
  }

  get isGreeted(): boolean {
    return this.#isGreeted;
  }

  get isHalfway(): boolean {
    return this.#halfway.size > 0;
  }

  openFrames(): Frames {
    return new LineFrames(MAX_LINE_BYTES);
  }

  take(line: string): void {
    const fields = line.split('\t');
    const [command = ''] = fields;
    if (command === 'VERSION') this.#agree(fields[1]);
    else if (command === 'CPID') this.#isGreeted = this.#hasVersion;
    else if (command === 'AUTH' || command === 'CONT' || command === 'CANCEL') this.#takeRequest(command, fields);
    else this.#leaveAlone();
  }

  #agree(major: string | undefined): void {
    this.#hasVersion = major === MAJOR;
    if (!this.#hasVersion) this.#wire.fail('the other side speaks another version of the protocol than 1');
  }

  #takeRequest(command: 'AUTH' | 'CONT' | 'CANCEL', fields: readonly string[]): void {
    if (!this.#isGreeted) return this.#wire.fail('a request came before VERSION and CPID');
    if (command === 'AUTH') return this.#begin(fields);
    const id = parseRequestId(fields[1]);
    if (id === undefined) return this.#wire.fail('the id of a request is no 32-bit number');
    if (command === 'CANCEL') this.#cancel(id);
    else this.#goOn(id, fields[2] ?? '');
  }

  /** Newer clients may say more than is known here, and others begin with what only their own servers know. */
  #leaveAlone(): void {
    this.#unknown += 1;
    if (this.#unknown > MAX_UNKNOWN) this.#wire.fail('too many lines that mean nothing here');
  }

  #begin(fields: readonly string[]): void {
    const request = parseAuthRequest(fields);
    if (!('problem' in request)) return this.#open(request);
    const { id, problem, isClients } = request;
    if (id === undefined) return this.#wire.fail(problem);
    this.#reject(problem);
    this.#answer(isClients ? renderRefusal(id, NO_BASE64) : renderTemporary(id));
  }

  #open(request: AuthRequest): void {
    const { id } = request;
    if (this.#halfway.has(id) || this.#asked.has(id)) return this.#wire.fail(`request ${id} is under way already`);
    const mechanism = MECHANISMS.get(request.mechanism);
    if (mechanism === undefined) return this.#answer(renderRefusal(id, 'Unsupported authentication mechanism'));
    this.#step(request, mechanism.begin(request.initial));
  }

  /** An answer to what was given up meanwhile is no fault of the other side. */
  #goOn(id: number, encoded: string): void {
    const halfway = this.#halfway.get(id);
    if (halfway === undefined) return this.#answer(renderRefusal(id, 'Authentication timed out'));
    this.#halfway.delete(id);
    const message = decodeBase64(encoded);
    if (message === undefined) return this.#answer(renderRefusal(id, NO_BASE64));
    this.#step(halfway.request, halfway.exchange(message));
  }

  #cancel(id: number): void {
    this.#halfway.delete(id);
    if (this.#asked.has(id)) this.#asked.set(id, true);
  }

  #step(request: AuthRequest, step: ExchangeStep): void {
    switch (step.kind) {
      case 'malformed':
        return this.#answer(renderRefusal(request.id, 'Invalid authentication message'));
      case 'challenge':
        return this.#wait(request, step);
      case 'credentials':
        return this.#ask(request, step);
    }
  }

  #wait(request: AuthRequest, { exchange, bytes }: Extract<ExchangeStep, { kind: 'challenge' }>): void {
    const sinceMs = performance.now();
    for (const [id, halfway] of this.#halfway) {
      if (sinceMs - halfway.sinceMs < HALFWAY_MS) break;
      this.#halfway.delete(id);
    }
    if (this.#halfway.size >= MAX_HALFWAY) return this.#answer(renderTemporary(request.id));
    this.#halfway.set(request.id, { request, exchange, sinceMs });
    this.#answer(renderChallenge(request.id, bytes));
  }

  #ask(request: AuthRequest, credentials: Credentials): void {
    const { id } = request;
    const { parts } = this.#wire;
    if (parts.work.isFull) return this.#answer(renderTemporary(id));
    const loginName = chooseLoginName(credentials, parts.masterSeparator);
    const attempt = attemptOf(request, credentials, { caller: parts.name, loginName: loginName.text });
    if (loginName.kind === 'foreign') return this.#refuseForeign(id, attempt);
    const settle = (decision: Decision) =>
      this.#settle(id, attempt, loginName.kind === 'master' ? onlyAsMaster(decision) : decision);
    const decision = parts.decide(attempt);
    if (!(decision instanceof Promise)) return settle(decision);
    this.#asked.set(id, false);
    parts.work.begin();
    this.#wire.begin();
    decision
      .then(settle)
      .catch((cause: unknown) => {
        parts.events.requestFailed(attempt.session, cause);
        this.#answer(renderTemporary(id));
      })
      .finally(() => {
        parts.work.end();
        this.#wire.end();
      });
  }

  #refuseForeign(id: number, attempt: Attempt): void {
    this.#wire.parts.events.decided(attempt, FOREIGN_IDENTITY);
    this.#answer(renderForeign(id, attempt.loginName));
  }

  #settle(id: number, attempt: Attempt, decision: Decision): void {
    this.#wire.parts.events.decided(attempt, decision);
    const isCancelled = this.#asked.get(id) === true;
    this.#asked.delete(id);
    if (!isCancelled) this.#answer(renderVerdict(id, decision.verdict, attempt.loginName));
  }

  #answer({ kind, line }: SaslAnswer): void {
    this.#wire.parts.events.lineAnswered('sasl', kind);
    if (kind !== 'temporary' || !this.#hungUp()) this.#wire.send(line);
  }

  /** Postfix takes every FAIL for a refusal, whatever it says; only a lost connection is a temporary failure to it. */
  #hungUp(): boolean {
    const isAlone = this.#asked.size === 0 && this.#halfway.size === 0;
    return this.#wire.parts.hangsUpForNow && isAlone && this.#wire.hangUp();
  }

  #reject(error: string): void {
    const { events, name } = this.#wire.parts;
    events.lineRejected({ listener: name, door: 'sasl', error });
  }
}

const NO_BASE64 = 'Invalid base64 data';

/** The same form as that of other doors, so that what follows is compiled for one. */
function attemptOf(
  request: AuthRequest,
  { password }: Credentials,
  { caller, loginName }: Pick<Attempt, 'caller' | 'loginName'>,
): Attempt {
  return {
    session: newSessionId(),
    mode: 'authenticate',
    caller,
    loginName,
    password,
    protocol: request.protocol,
    mechanism: request.mechanism.toLowerCase(),
    clientAddress: request.clientAddress,
    clientPort: request.clientPort,
    localAddress: request.localAddress,
    localPort: request.localPort,
    tls: request.tls,
    externalSession: request.externalSession,
    clientId: request.clientId,
    userAgent: undefined,
    loginAttempt: undefined,
  };
}
