import type { Socket } from 'node:net';
import type { LineLimits } from './line-config.ts';
import type { Frames } from './frames.ts';
import type { LineParts, LineSession, OpenSession, Wire } from './line-session.ts';

/** Requests that are taken in one turn of the event loop. */
const TURN = 32;
/** Bytes of answers that nobody reads before no more requests are taken. */
const MAX_UNREAD_BYTES = 64 * 1024;
/** Who was answered less than this ago may not have read it yet. */
const SETTLED_MS = 1000;

export interface LineConnectionParts {
  /** Whom to ask now. */
  readonly parts: () => LineParts;
  readonly limits: () => LineLimits;
  /** The other side is cut off: what it did, in few words for metrics and in a sentence for operators. */
  readonly refused: (reason: string, problem: string) => void;
  readonly open: OpenSession;
  /** Whether the other side can be told that the connection is no more, and not only that nothing will come over it. */
  readonly canReset: boolean;
}

/** One connection: cuts what comes in into requests, takes no more of them than it can answer, and sends answers. */
export class LineConnection implements Wire {
  readonly #socket: Socket;
  readonly #given: LineConnectionParts;
  readonly #session: LineSession;
  readonly #frames: Frames;
  readonly #openedMs = performance.now();
  /** When something was last sent or came in. */
  #movedMs = this.#openedMs;
  /** When the request began that is not whole; 0 where there is none. */
  #partialMs = 0;
  #underWay = 0;
  #out = '';
  #isPumping = false;
  #isWaitingForTurn = false;
  #isDraining = false;
  #hasFailed = false;
  #hasEnded = false;
  #isPaused = false;

  constructor(socket: Socket, given: LineConnectionParts) {
    this.#socket = socket;
    this.#given = given;
    socket.setEncoding('latin1');
    this.#session = given.open(this);
    this.#frames = this.#session.openFrames();
    socket.on('data', (chunk: string) => this.#receive(chunk));
    socket.on('drain', () => this.#pump());
    socket.on('end', () => this.#finish());
    socket.on('error', () => socket.destroy());
  }

  get isAnswering(): boolean {
    return this.#underWay > 0;
  }

  get parts(): LineParts {
    return this.#given.parts();
  }

  send(bytes: string): void {
    this.#out += bytes;
    if (!this.#isPumping) this.#flush();
  }

  begin(): void {
    this.#underWay += 1;
  }

  end(): void {
    this.#underWay -= 1;
    if (this.#hasFailed || this.#hasEnded || this.#isDraining) this.#closeWhereDone();
    this.#pump();
  }

  hangUp(): boolean {
    if (this.#out !== '' || this.#socket.writableLength > 0 || this.#frames.isPartial) return false;
    this.#close();
    return true;
  }

  fail(problem: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#given.refused('protocol', problem);
    this.#flush();
    this.#closeWhereDone();
  }

  /** Lets what is under way be answered, then closes. */
  drain(): void {
    this.#isDraining = true;
    this.#closeWhereDone();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends what takes too long. */
  look(nowMs: number): void {
    if (this.#isDraining) this.#closeWhereDone();
    const { requestTimeoutMs, idleTimeoutMs } = this.#given.limits();
    const isLate = (sinceMs: number) => nowMs - sinceMs > requestTimeoutMs;
    if (this.#socket.writableLength > 0) {
      if (isLate(this.#movedMs)) this.#cutOff('unread', 'answers are not read');
    } else if (this.#underWay > 0) return;
    else if (!this.#session.isGreeted && isLate(this.#openedMs)) this.#cutOff('slow', 'no greeting came in time');
    else if (this.#partialMs > 0 && isLate(this.#partialMs)) this.#cutOff('slow', 'a request was not whole in time');
    else if (nowMs - this.#movedMs > idleTimeoutMs) this.#close();
  }

  #receive(chunk: string): void {
    // Who has failed is not heard any more: it would keep its connection for as long as it talks.
    if (this.#hasFailed) return;
    this.#movedMs = performance.now();
    this.#frames.push(chunk);
    this.#pump();
  }

  /** Takes requests until there are none, or enough. Nothing more is read while there are enough. */
  #pump(): void {
    if (this.#isPumping || this.#isWaitingForTurn) return;
    this.#isPumping = true;
    let isEmpty = false;
    for (let taken = 0; !isEmpty && taken < TURN && this.#canTake(); taken += 1) isEmpty = !this.#takeOne();
    this.#isPumping = false;
    this.#flush();
    this.#notePartial(isEmpty);
    if (isEmpty || this.#hasFailed) return this.#goOnReading();
    this.#isPaused = true;
    this.#socket.pause();
    if (!this.#canTake()) return;
    this.#isWaitingForTurn = true;
    setImmediate(() => {
      this.#isWaitingForTurn = false;
      this.#pump();
    });
  }

  #goOnReading(): void {
    if (this.#hasEnded) this.#closeWhereDone();
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** @returns whether there was one */
  #takeOne(): boolean {
    const request = this.#frames.next();
    if (request === undefined) return false;
    if (typeof request === 'string') this.#session.take(request);
    else this.fail(request.problem);
    return true;
  }

  #canTake(): boolean {
    return (
      !this.#hasFailed &&
      !this.#socket.destroyed &&
      this.#underWay < this.#session.maxUnderWay &&
      this.#socket.writableLength <= MAX_UNREAD_BYTES
    );
  }

  #notePartial(isEmpty: boolean): void {
    if (!isEmpty || !this.#frames.isPartial) this.#partialMs = 0;
    else if (this.#partialMs === 0) this.#partialMs = performance.now();
  }

  #flush(): void {
    if (this.#out === '' || this.#socket.destroyed) return;
    this.#movedMs = performance.now();
    this.#socket.write(this.#out, 'latin1');
    this.#out = '';
  }

  /** The other side sends no more; it may still read what it has asked for. */
  #finish(): void {
    this.#hasEnded = true;
    this.#pump();
    this.#closeWhereDone();
  }

  #closeWhereDone(): void {
    if (this.#underWay > 0 || this.#isWaitingForTurn || this.#socket.destroyed) return;
    if (this.#hasFailed || this.#hasEnded) this.#socket.destroySoon();
    else if (this.#isDraining && !this.#isBusy()) this.#close();
  }

  #isBusy(): boolean {
    if (this.#session.isHalfway || this.#frames.isPartial || this.#socket.writableLength > 0) return true;
    return performance.now() - this.#movedMs < SETTLED_MS;
  }

  /**
   * Closes a connection on which nothing happens. Mail servers do not look at it until they ask again; where they were told no
   * more than that nothing will come over it, they would send their question and wait for an answer in vain.
   */
  #close(): void {
    if (this.#given.canReset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #cutOff(reason: string, problem: string): void {
    this.#given.refused(reason, problem);
    this.#socket.destroy();
  }
}
