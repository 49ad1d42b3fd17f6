/**
 * The load generator, a process of its own: keeps a number of connections busy with requests that were made beforehand, one at a
 * time on each, and reports how fast and with which statuses they were answered.
 *
 * @module
 */
import { connect, type Socket } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import { connect as connectTls } from 'node:tls';

export interface LoadOrder {
  readonly port: number;
  readonly tls: boolean;
  readonly connections: number;
  readonly seconds: number;
  /** Whole requests as they go over the wire, sent in turn. */
  readonly requests: readonly string[];
}

export interface LoadReport {
  readonly answers: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly errors: number;
}

const MICROSECOND = 1000;

class Generator {
  readonly #order: LoadOrder;
  readonly #requests: readonly Buffer[];
  readonly #latencies = createHistogram({ lowest: 1, highest: 60_000_000 });
  readonly #statuses: Record<string, number> = {};
  #next = 0;
  #answers = 0;
  #errors = 0;
  #isRunning = true;

  constructor(order: LoadOrder) {
    this.#order = order;
    this.#requests = order.requests.map((text) => Buffer.from(text, 'utf8'));
  }

  async run(): Promise<LoadReport> {
    const sockets = await Promise.all(Array.from({ length: this.#order.connections }, () => this.#open()));
    const started = performance.now();
    for (const socket of sockets) this.#drive(socket);
    await new Promise((resolve) => setTimeout(resolve, this.#order.seconds * 1000));
    this.#isRunning = false;
    const seconds = (performance.now() - started) / 1000;
    for (const socket of sockets) socket.destroy();
    const ms = (percentile: number) => this.#latencies.percentile(percentile) / MICROSECOND;
    return {
      answers: this.#answers,
      seconds,
      p50Ms: ms(50),
      p99Ms: ms(99),
      statuses: this.#statuses,
      errors: this.#errors,
    };
  }

  #open(): Promise<Socket> {
    const { port, tls } = this.#order;
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    // The certificate is the bench's own of a minute ago; checking it is not what is measured.
    const socket = tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => resolve(socket))
      : connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
    return promise;
  }

  #drive(socket: Socket): void {
    let sentAt = 0;
    const answer = new AnswerReader((status) => {
      this.#latencies.record(Math.max(1, Math.round((performance.now() - sentAt) * MICROSECOND)));
      this.#answers += 1;
      this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
      if (this.#isRunning) send();
    });
    const send = () => {
      sentAt = performance.now();
      socket.write(this.#requests[this.#next] as Buffer);
      this.#next = (this.#next + 1) % this.#requests.length;
    };
    socket.on('data', (chunk) => answer.take(chunk));
    socket.on('error', () => {
      this.#errors += 1;
    });
    socket.on('close', () => {
      if (this.#isRunning) this.#errors += 1;
    });
    send();
  }
}

const CHUNKED_END = Buffer.from('0\r\n\r\n');

/** Finds where answers end: by their length, or by the last chunk. */
class AnswerReader {
  readonly #onAnswer: (status: string) => void;
  #head = '';
  #left = 0;
  #isChunked = false;
  #tail = Buffer.alloc(0);
  #status = '';

  constructor(onAnswer: (status: string) => void) {
    this.#onAnswer = onAnswer;
  }

  take(chunk: Buffer): void {
    if (this.#isChunked) return this.#takeChunked(chunk);
    if (this.#left > 0) return this.#takeSized(chunk.length);
    const before = this.#head.length;
    this.#head += chunk.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#head.slice(0, end);
    this.#head = '';
    this.#status = head.slice(9, 12);
    const body = chunk.subarray(end + 4 - before);
    const length = /^content-length: (\d+)/im.exec(head)?.[1];
    if (length === undefined) {
      this.#isChunked = true;
      return this.#takeChunked(body);
    }
    this.#left = Number(length);
    if (this.#left === 0) this.#onAnswer(this.#status);
    else this.#takeSized(body.length);
  }

  #takeSized(bytes: number): void {
    this.#left -= bytes;
    if (this.#left <= 0) this.#onAnswer(this.#status);
  }

  #takeChunked(bytes: Buffer): void {
    const tail = bytes.length >= 5 ? bytes.subarray(-5) : Buffer.concat([this.#tail, bytes]).subarray(-5);
    this.#tail = Buffer.from(tail);
    if (!tail.equals(CHUNKED_END)) return;
    this.#isChunked = false;
    this.#tail = Buffer.alloc(0);
    this.#onAnswer(this.#status);
  }
}

process.on('message', (order: LoadOrder) => {
  void new Generator(order).run().then((report) => process.send?.(report));
});
