import type { Socket } from 'node:net';
import type { Problem } from '../answer.ts';
import type { Peer } from '../peers.ts';
import { type Router, turnAway, type WholeDoor } from '../router.ts';
import { type HeadersAlong, type RequestHead, readRequestHead } from './request-head.ts';
import { SentExchange } from './sent-exchange.ts';

/** What a connection needs of its listener. */
export interface WholeConnectionParts {
  readonly socket: Socket;
  readonly peer: Peer;
  /** Who asks, by what a trusted peer tells; `undefined` where that cannot be told. */
  readonly originOf: (peer: Peer, headers: HeadersAlong) => string | undefined;
  readonly router: () => Router;
  /** True once each answer is to end its connection. */
  readonly isClosing: () => boolean;
  /** Seconds that a client may leave the connection idle. */
  readonly idleSeconds: () => number;
  /** A clock that goes forward once in a while: what is measured by it is as exact as it is often moved. */
  readonly tick: () => number;
  /** Gives the connection to the full parser, which reads again what was not answered. */
  readonly handOver: (socket: Socket) => void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const NO_BYTES = Buffer.alloc(0);
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const MAX_HEAD_BYTES = 8 * 1024;
/** Bytes of further requests that are taken while one is being answered. */
const MAX_AHEAD_BYTES = 64 * 1024;

/** What is waited for: the next request, the rest of a body, the answer to what has come, or the end of the connection. */
export type Waiting = 'first-request' | 'request' | 'body' | 'answer' | 'end';

/**
 * A connection whose requests come as mail servers send them. The first one that does not is left, with the connection, to the
 * full parser of Node, which answers everything that HTTP allows and refuses what it does not.
 */
export class WholeConnection {
  readonly #parts: WholeConnectionParts;
  /** Bytes that came and were not taken yet. */
  #chunks: Buffer[] = [];
  #length = 0;
  #head: RequestHead<WholeDoor> | undefined;
  /** Where the body begins among the bytes. */
  #bodyStart = 0;
  #exchange: SentExchange | undefined;
  #hasBegun = false;
  #isProceeding = false;
  /** Answers pile up that the client does not read: no more of its requests are taken. */
  #isUnread = false;
  #isEnded = false;
  #isRefused = false;
  #since: number;

  constructor(parts: WholeConnectionParts) {
    this.#parts = parts;
    this.#since = parts.tick();
    const { socket } = parts;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  get socket(): Socket {
    return this.#parts.socket;
  }

  get address(): string {
    return this.#parts.peer.address;
  }

  get waitsFor(): Waiting {
    if (this.#isEnded) return 'end';
    if (this.#exchange !== undefined) return 'answer';
    if (this.#head !== undefined) return 'body';
    return this.#hasBegun ? 'request' : 'first-request';
  }

  /** Nothing is being read or answered on it. */
  get isIdle(): boolean {
    return this.#exchange === undefined && this.#head === undefined && !this.#isEnded;
  }

  /** Since which tick it waits. */
  get since(): number {
    return this.#since;
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isEnded) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#exchange === undefined && !this.#isUnread) this.#proceed();
    else if (this.#length > MAX_AHEAD_BYTES) this.socket.pause();
  };

  /** The client sends no more, and waits for nothing. */
  readonly #onEnd = (): void => {
    this.#giveUp();
    this.#end();
  };

  readonly #onError = (): void => {
    this.socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#giveUp();
  };

  #giveUp(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.giveUp();
  }

  #end(): void {
    this.#isEnded = true;
    this.#since = this.#parts.tick();
    this.#chunks = [];
    this.#length = 0;
    this.socket.end();
  }

  /** Takes requests that are there, one after the other. */
  #proceed(): void {
    if (this.#isProceeding) return;
    this.#isProceeding = true;
    try {
      while (this.#length > 0 && this.#exchange === undefined && !this.#isUnread && this.#takeOne());
    } finally {
      this.#isProceeding = false;
    }
  }

  /** False where nothing more can be taken now. */
  #takeOne(): boolean {
    if (this.#head === undefined && !this.#readHead()) return false;
    const { length = 0 } = this.#head ?? {};
    if (this.#length < this.#bodyStart + length) return false;
    this.#begin();
    return true;
  }

  readonly #doorOf = (target: string): WholeDoor | undefined => this.#parts.router().wholeDoorOf(target);

  /** False where the connection was handed over. */
  #readHead(): boolean {
    const bytes = this.#joined();
    const end = bytes.indexOf(HEAD_END);
    const isBounded = end >= 0 && end <= MAX_HEAD_BYTES;
    const head = isBounded ? readRequestHead(bytes.toString('latin1', 0, end + 2), this.#doorOf) : undefined;
    if (head === undefined || this.#addressOf(head) === undefined) {
      this.#handOver();
      return false;
    }
    this.#head = head;
    this.#bodyStart = end + HEAD_END.length;
    if (this.#length >= this.#bodyStart + head.length) return true;
    this.#since = this.#parts.tick();
    if (head.isWaiting) this.socket.write(CONTINUE);
    return true;
  }

  /** Answers a request whose body does not come, and ends the connection. */
  refuse(problem: Problem): void {
    const head = this.#head;
    if (head === undefined) return;
    this.#isRefused = true;
    this.#open(head, NO_BYTES, { ...head.rules, open: (exchange) => turnAway(head.rules.door, exchange, problem) });
  }

  #begin(): void {
    const head = this.#head as RequestHead<WholeDoor>;
    const bytes = this.#joined();
    const end = this.#bodyStart + head.length;
    const body = bytes.subarray(this.#bodyStart, end);
    this.#chunks = end < bytes.length ? [bytes.subarray(end)] : [];
    this.#length = bytes.length - end;
    this.#head = undefined;
    this.#hasBegun = true;
    this.#since = this.#parts.tick();
    this.#open(head, body, head.rules);
  }

  /** Who asks; `undefined` where that cannot be told, which the full parser has to answer. */
  #addressOf({ along }: RequestHead): string | undefined {
    const { peer, originOf } = this.#parts;
    return along === undefined || !peer.isTrusted ? peer.address : originOf(peer, along);
  }

  #open(head: RequestHead, body: Buffer, door: WholeDoor): void {
    const { socket, peer } = this.#parts;
    const router = this.#parts.router();
    const peerAddress = peer.address;
    const address = this.#addressOf(head) ?? peerAddress;
    this.#exchange = new SentExchange({ socket, address, peerAddress, head, body, door, router, connection: this });
    router.openWhole(this.#exchange, door);
  }

  /** Whether the connection stays open after the answer that is being sent. */
  get staysOpen(): boolean {
    return !this.#isRefused && !this.#parts.isClosing();
  }

  get idleSeconds(): number {
    return this.#parts.idleSeconds();
  }

  /** The answer was written. */
  answered(staysOpen: boolean): void {
    this.#exchange = undefined;
    this.#since = this.#parts.tick();
    if (!staysOpen) return this.#end();
    if (this.socket.writableNeedDrain) this.#waitForReader();
    else this.#goOn();
  }

  #waitForReader(): void {
    this.#isUnread = true;
    this.socket.once('drain', () => {
      this.#isUnread = false;
      this.#goOn();
    });
  }

  #goOn(): void {
    if (this.socket.isPaused()) this.socket.resume();
    this.#proceed();
  }

  #joined(): Buffer {
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1) return only;
    const bytes = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [bytes];
    return bytes;
  }

  #handOver(): void {
    const { socket, handOver } = this.#parts;
    const bytes = this.#joined();
    this.#chunks = [];
    this.#length = 0;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    socket.pause();
    socket.unshift(bytes);
    handOver(socket);
    socket.resume();
  }
}
