/**
 * An LDAP v3 client for what an authentication service asks: search, with paging, and bind. It knows nothing of accounts.
 *
 * `ber/` and `message/` turn requests into bytes and bytes into answers, `filter/` makes filters that no value can break,
 * this file runs operations over one connection, `pool/` keeps connections to one server. Choosing between servers is for
 * those who use it. Nothing here throws for what a server does: outcomes are a result or an `LdapFailure`.
 *
 * @module
 */
import type { Socket } from 'node:net';
import { BerError } from './ber/ber-error.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { PASSWORD_POLICY_CONTROL } from './message/controls.ts';
import type { Inlet } from './inlet.ts';
import { describeError, failed, type LdapFailure } from './ldap-failure.ts';
import type { OperationLimits } from './limits.ts';
import { MessageSplitter } from './message/message-splitter.ts';
import type { BindCredentials, BindOutcome, SearchOutcome, SearchRequest } from './outcome.ts';
import { PendingOperation } from './pending-operation.ts';
import { PendingOperations } from './pending-operations.ts';
import { encodeAbandon, encodeExternalBind, encodeSearch, encodeSimpleBind, encodeUnbind } from './message/request.ts';
import { type LdapResponse, readResponse } from './message/response.ts';
import { resultCodeName } from './message/result-codes.ts';
import type { ServerAddress } from './server-address.ts';
import { openTransport } from './transport.ts';

const DEFAULT_MAX_MESSAGE_BYTES = 16 << 20;
const DEFAULT_MAX_IN_FLIGHT = 256;
const DEFAULT_MAX_ENTRIES = 10_000;
const MAX_UNSENT_BYTES = 256 * 1024;
const FAREWELL_MS = 1000;

export interface ConnectionOptions {
  /** Largest message taken from the server; default 16 MiB. */
  readonly maxMessageBytes?: number;
  /** Operations that may wait for an answer at once; default 256. */
  readonly maxInFlight?: number;
}

export type OpenOutcome = { readonly kind: 'open'; readonly connection: LdapConnection } | LdapFailure;

/**
 * One connection to an LDAP server with any number of searches under way at once, or with one bind.
 *
 * Every operation ends exactly once, and no outcome is an exception. One whose time is up is abandoned and leaves the others
 * alone; a bind cannot be abandoned (RFC 4511 4.11) and takes the connection with it, since whose it is would be unknown.
 */
export class LdapConnection {
  readonly #socket: Socket;
  readonly #splitter: MessageSplitter;
  readonly #maxInFlight: number;
  readonly #pending: PendingOperations;
  readonly #deadlines = new DeadlineTimer((now) => this.#endLate(now));
  readonly #closed = Promise.withResolvers<LdapFailure>();
  #isBinding = false;
  #unsent: Buffer[] = [];
  #failure: LdapFailure | undefined;
  #lastReceivedAt = performance.now();

  private constructor(socket: Socket, inlet: Inlet, options: ConnectionOptions) {
    this.#socket = socket;
    this.#splitter = new MessageSplitter(options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES);
    this.#maxInFlight = options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT;
    this.#pending = new PendingOperations(this.#maxInFlight);
    socket.on('error', (error) => this.#end(failed('connection-lost', describeError(error))));
    socket.on('end', () => this.#end(failed('connection-lost', 'the server closed the connection')));
    socket.on('close', () => this.#end(failed('connection-lost', 'the connection is closed')));
    inlet.open((chunk) => this.#receive(chunk));
  }

  /** Connects and secures, but does not bind. */
  static async open(
    address: ServerAddress,
    limits: OperationLimits,
    options: ConnectionOptions = {},
  ): Promise<OpenOutcome> {
    const transport = await openTransport(address, limits);
    return transport.kind === 'open'
      ? { kind: 'open', connection: new LdapConnection(transport.socket, transport.inlet, options) }
      : transport;
  }

  /** Why the connection is of no more use, where it is not. */
  get failure(): LdapFailure | undefined {
    return this.#failure;
  }

  /** Is fulfilled once the connection is of no more use. */
  get closed(): Promise<LdapFailure> {
    return this.#closed.promise;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Whether something is about to be sent: what is added now goes out with it. */
  get isSending(): boolean {
    return this.#unsent.length > 0;
  }

  /** When the server was last heard, by `performance.now()`. */
  get lastReceivedAt(): number {
    return this.#lastReceivedAt;
  }

  search(request: SearchRequest, limits: OperationLimits): Promise<SearchOutcome> {
    return new Promise((resolve) => this.beginSearch(request, limits, resolve));
  }

  /** As {@link search}; `settle` is called exactly once, maybe at once, and must not throw. */
  beginSearch(request: SearchRequest, limits: OperationLimits, settle: (outcome: SearchOutcome) => void): void {
    const refusal =
      this.#refusal(limits) ?? (this.#isBinding ? failed('overloaded', 'a bind is under way') : undefined);
    if (refusal !== undefined) return settle(refusal);
    const { search, filter, control, maxEntries = DEFAULT_MAX_ENTRIES } = request;
    const id = this.#pending.takeId();
    const now = performance.now();
    const deadline = now + limits.timeoutMs;
    this.#await(id, new PendingOperation<SearchOutcome>('search', { maxEntries, deadline, settle }), limits.signal);
    this.#deadlines.expect(deadline, now);
    this.#send(encodeSearch(id, search, filter, control));
  }

  bind(credentials: BindCredentials, limits: OperationLimits): Promise<BindOutcome> {
    return new Promise((resolve) => this.beginBind(credentials, limits, resolve));
  }

  /**
   * Binds; nothing else may be under way. A simple bind without a name or a password would succeed as nobody
   * (RFC 4513 5.1.2) and prove nothing: it is never sent. `settle` is called exactly once, maybe at once, and must not throw.
   */
  beginBind(credentials: BindCredentials, limits: OperationLimits, settle: (outcome: BindOutcome) => void): void {
    const refusal = this.#refusal(limits) ?? this.#bindRefusal(credentials);
    if (refusal !== undefined) return settle(refusal);
    const id = this.#pending.takeId();
    const now = performance.now();
    const deadline = now + limits.timeoutMs;
    this.#isBinding = true;
    this.#await(id, new PendingOperation<BindOutcome>('bind', { maxEntries: 0, deadline, settle }), limits.signal);
    this.#deadlines.expect(deadline, now);
    // Nothing can come that could go out with it.
    this.#socket.write(encodeBind(id, credentials));
  }

  /** Takes leave of the server; whatever still waits ends as `connection-lost`. */
  close(): void {
    if (this.#failure !== undefined) return;
    this.#flush();
    this.#socket.write(encodeUnbind(this.#pending.takeId()));
    this.#end(failed('connection-lost', 'closed by this side'), 'orderly');
  }

  #refusal(limits: OperationLimits): LdapFailure | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (limits.signal?.aborted === true) return failed('timeout', 'given up before it was sent');
    if (this.#pending.size >= this.#maxInFlight)
      return failed('overloaded', `${this.#maxInFlight} operations are under way`);
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) return failed('overloaded', 'the server does not read');
    return undefined;
  }

  #bindRefusal(credentials: BindCredentials): LdapFailure | undefined {
    if (this.#pending.size > 0) return failed('overloaded', 'a bind needs the connection for itself');
    if (credentials.kind === 'external' || (credentials.dn !== '' && credentials.password.length > 0)) return undefined;
    return failed('protocol-error', 'a bind without a name or a password proves nothing');
  }

  /** What is said within one turn of the event loop goes out in one write. */
  #send(message: Buffer): void {
    if (this.#unsent.push(message) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#unsent.length === 0 || this.#failure !== undefined) return;
    const messages = this.#unsent;
    this.#unsent = [];
    this.#socket.write(messages.length === 1 ? (messages[0] as Buffer) : Buffer.concat(messages));
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#lastReceivedAt = performance.now();
    try {
      this.#splitter.push(chunk, (bytes, start, end) => {
        this.#take(readResponse(bytes, start, end));
        return this.#failure === undefined;
      });
    } catch (error) {
      if (!(error instanceof BerError)) throw error;
      this.#end(failed('connection-lost', `the server sent no LDAP: ${error.message}`));
    }
  }

  #take(response: LdapResponse): void {
    if (response.kind === 'ignored') return;
    if (response.kind === 'disconnection') {
      const { resultCode, diagnostic } = response.result;
      this.#end(
        failed('connection-lost', `the server disconnects: ${resultCodeName(resultCode)} ${diagnostic}`.trimEnd()),
      );
      return;
    }
    // An answer to what was abandoned comes late and is nobody's any more.
    const operation = this.#pending.get(response.id);
    if (operation === undefined) return;
    if (operation.operation !== (response.kind === 'result' ? response.operation : 'search')) {
      this.#end(failed('connection-lost', `the server answered a ${operation.operation} with something else`));
      return;
    }
    if (response.kind === 'result') {
      this.#settle(response.id, () => operation.finish(response.result));
      return;
    }
    const excess =
      response.kind === 'entry' ? operation.addEntry(response.entry) : operation.addReferences(response.uris);
    if (excess !== undefined) this.#abandon(response.id, excess);
  }

  #await<T extends SearchOutcome | BindOutcome>(
    id: number,
    pending: PendingOperation<T>,
    signal: AbortSignal | undefined,
  ): void {
    this.#pending.add(id, pending as unknown as PendingOperation);
    if (signal !== undefined) pending.follow(signal, () => this.#giveUp(id));
  }

  /** Ends what is late, and gives the next deadline. */
  #endLate(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const id of this.#pending.ids()) {
      const deadline = this.#pending.get(id)?.deadline ?? next;
      if (deadline <= now) this.#giveUp(id);
      else if (deadline < next) next = deadline;
    }
    return next;
  }

  #giveUp(id: number): void {
    const operation = this.#pending.get(id);
    if (operation === undefined) return;
    if (operation.operation === 'search') return this.#abandon(id, failed('timeout', 'no answer in time'));
    const late = failed('timeout', 'no answer to a bind in time');
    this.#settle(id, () => operation.fail(late));
    this.#end(failed('connection-lost', late.detail));
  }

  #abandon(id: number, failure: LdapFailure): void {
    this.#settle(id, (operation) => operation.fail(failure));
    if (this.#failure === undefined) this.#send(encodeAbandon(this.#pending.takeId(), id));
  }

  #settle(id: number, settle: (operation: PendingOperation) => void): void {
    const operation = this.#pending.take(id);
    if (operation === undefined) return;
    this.#isBinding = false;
    settle(operation);
  }

  #end(failure: LdapFailure, manner: 'orderly' | 'at-once' = 'at-once'): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#deadlines.stop();
    this.#unsent = [];
    if (manner === 'at-once') this.#socket.destroy();
    else {
      const hurry = setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref();
      this.#socket.once('close', () => clearTimeout(hurry));
      this.#socket.end();
    }
    for (const id of this.#pending.ids()) this.#settle(id, (operation) => operation.fail(failure));
    this.#closed.resolve(failure);
  }
}

function encodeBind(id: number, credentials: BindCredentials): Buffer {
  if (credentials.kind === 'external') return encodeExternalBind(id);
  const { dn, password, wantsPolicy = false } = credentials;
  return encodeSimpleBind(id, dn, password, wantsPolicy ? PASSWORD_POLICY_CONTROL : undefined);
}
