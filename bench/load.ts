/**
 * The load generator, a process of its own: keeps a number of connections busy with requests that were made beforehand, one at a
 * time on each, and reports how fast and with which statuses they were answered and what CPU time that cost the server.
 *
 * @module
 */
import { connect, type Socket } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import { connect as connectTls } from 'node:tls';
import { AnswerReader } from './answer-reader.ts';
import { greetSasl, SaslAnswerReader } from './sasl-answer-reader.ts';
import { cpuMsOf } from './process-accounting.ts';

export interface LoadOrder {
  readonly port: number;
  readonly tls: boolean;
  /** Whether requests and answers are lines of the SASL protocol of Dovecot. */
  readonly isSasl: boolean;
  readonly connections: number;
  /** Time before measuring, for handshakes, first proofs and the server's compiler. */
  readonly warmUpSeconds: number;
  /** Answers before measuring; on a busy machine they take longer than that time. */
  readonly warmUpAnswers: number;
  readonly seconds: number;
  /** Whole requests as they go over the wire, sent in turn. */
  readonly requests: readonly (string | Uint8Array)[];
  /** The processes of the server, whose CPU time is taken at the first and at the last moment of the measurement. */
  readonly pids: readonly number[];
  /** Who the server itself asks, whose CPU time is taken too. */
  readonly peerPid?: number | undefined;
}

export interface LoadReport {
  readonly answers: number;
  readonly seconds: number;
  readonly cpuMs: number;
  /** 0 without a peer. */
  readonly peerCpuMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all answers, those of the warm-up included. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly errors: number;
}

const MICROSECOND = 1000;
const WARM_UP_LOOK_SECONDS = 0.05;

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
    this.#requests = order.requests.map((one) =>
      typeof one === 'string' ? Buffer.from(one, 'utf8') : Buffer.from(one),
    );
  }

  async run(): Promise<LoadReport> {
    const { connections, warmUpSeconds, warmUpAnswers, pids, peerPid } = this.#order;
    const sockets = await Promise.all(Array.from({ length: connections }, () => this.#open()));
    if (this.#order.isSasl) await Promise.all(sockets.map(greetSasl));
    for (const socket of sockets) this.#drive(socket);
    await delay(warmUpSeconds);
    while (this.#answers < warmUpAnswers) await delay(WARM_UP_LOOK_SECONDS);
    this.#latencies.reset();
    this.#answers = 0;
    const peerCpuMs = () => (peerPid === undefined ? 0 : cpuMsOf(peerPid));
    const cpuMs = () => pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0);
    const cpuBefore = cpuMs();
    const peerBefore = peerCpuMs();
    const started = performance.now();
    await delay(this.#order.seconds);
    const seconds = (performance.now() - started) / 1000;
    const cpu = { cpuMs: cpuMs() - cpuBefore, peerCpuMs: peerCpuMs() - peerBefore };
    const answers = this.#answers;
    this.#isRunning = false;
    for (const socket of sockets) socket.destroy();
    const ms = (percentile: number) => this.#latencies.percentile(percentile) / MICROSECOND;
    return { answers, seconds, ...cpu, p50Ms: ms(50), p99Ms: ms(99), statuses: this.#statuses, errors: this.#errors };
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
    const Reader = this.#order.isSasl ? SaslAnswerReader : AnswerReader;
    const answer = new Reader((status) => {
      const now = performance.now();
      this.#latencies.record(Math.max(1, Math.round((now - sentAt) * MICROSECOND)));
      this.#answers += 1;
      this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
      if (this.#isRunning) send(now);
    });
    const send = (now: number) => {
      sentAt = now;
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
    send(performance.now());
  }
}

function delay(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

process.on('message', (order: LoadOrder) => {
  void new Generator(order).run().then((report) => process.send?.(report));
});
