import { createHmac } from 'node:crypto';
import type { Secret } from '../../login/secret.ts';

export interface WebhookSettings {
  readonly url: string;
  /** Signs what is sent; unsigned where absent. */
  readonly secret: Secret | undefined;
  readonly timeoutMs: number;
  /** What could not be delivered for so long is given up. */
  readonly giveUpAfterMs: number;
  /** Notices that wait at most. */
  readonly maxQueue: number;
}

export type Delivery = 'delivered' | 'retried' | 'dropped';

export interface WebhookParts {
  /** Told of each try. */
  readonly onTry: (result: Delivery, detail: string) => void;
  readonly random?: (() => number) | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly ticks?: (() => number) | undefined;
}

interface Waiting {
  readonly id: string;
  readonly body: string;
  readonly since: number;
  tries: number;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 300_000;
/** Answers that may be others a while later; all else that is no success stays as it is. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Delivers notices to a URL, one at a time and in their order, each until it is taken, found wrong or too old. What fails is tried
 * again after a pause that grows, by chance. Beyond the queue the oldest is dropped. Where there is a secret, the header
 * `X-Nauthilus-Signature: t=SECONDS,v1=HEX` holds the HMAC-SHA-256 of `SECONDS.BODY`.
 */
export class Webhook implements Disposable {
  readonly #settings: WebhookSettings;
  readonly #parts: WebhookParts;
  readonly #queue: Waiting[] = [];
  readonly #closing = new AbortController();
  #isBusy = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: WebhookSettings, parts: WebhookParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** Notices that wait, the one that is being delivered included. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** @param id the same for each try, so that who takes it can tell one that came twice */
  send(id: string, body: string): void {
    if (this.#closing.signal.aborted) return;
    if (this.#queue.length >= this.#settings.maxQueue) {
      // The first one may be on its way.
      this.#queue.splice(this.#isBusy && this.#queue.length > 1 ? 1 : 0, 1);
      this.#parts.onTry('dropped', 'the queue is full');
    }
    this.#queue.push({ id, body, since: this.#now(), tries: 0 });
    if (!this.#isBusy) void this.#work();
  }

  /** Gives up what waits. */
  [Symbol.dispose](): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const problem = await this.#deliver(next);
      if (this.#closing.signal.aborted) return;
      const pauseMs = this.#judge(next, problem);
      if (pauseMs === undefined) {
        if (this.#queue[0] === next) this.#queue.shift();
      } else await this.#pause(pauseMs);
    }
    this.#isBusy = false;
  }

  /** How long to wait before it is tried again; `undefined` where it is not. */
  #judge(one: Waiting, problem: Problem | undefined): number | undefined {
    if (problem === undefined) {
      this.#parts.onTry('delivered', '');
      return undefined;
    }
    one.tries += 1;
    const whole = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(one.tries - 1, 20));
    const pauseMs = whole * (0.5 + (this.#parts.random ?? Math.random)() / 2);
    if (!problem.mayPass || this.#now() + pauseMs - one.since > this.#settings.giveUpAfterMs) {
      this.#parts.onTry('dropped', problem.detail);
      return undefined;
    }
    this.#parts.onTry('retried', problem.detail);
    return pauseMs;
  }

  async #deliver({ id, body }: Waiting): Promise<Problem | undefined> {
    const { url, secret, timeoutMs } = this.#settings;
    const headers: Record<string, string> = { 'Content-Type': 'application/json', 'X-Nauthilus-Event': id };
    if (secret !== undefined)
      headers['X-Nauthilus-Signature'] = signatureOf(secret, body, Math.floor(Date.now() / 1000));
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)]);
      const res = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
      // What is said beside the status is nothing to us.
      await res.body?.cancel();
      return res.ok ? undefined : { mayPass: PASSING.has(res.status), detail: `answered ${res.status}` };
    } catch (cause) {
      return { mayPass: true, detail: detailOf(cause) };
    }
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#timer = setTimeout(resolve, ms).unref();
    this.#closing.signal.addEventListener('abort', () => resolve(), { once: true });
    return promise;
  }

  #now(): number {
    return (this.#parts.ticks ?? (() => performance.now()))();
  }
}

interface Problem {
  readonly mayPass: boolean;
  readonly detail: string;
}

/** What the signature's header holds; `seconds` since 1970. */
export function signatureOf(secret: Secret, body: string, seconds: number): string {
  const mac = createHmac('sha256', secret.reveal()).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${mac}`;
}

function detailOf(cause: unknown): string {
  const { name, message, cause: deeper } = cause as Error & { readonly cause?: NodeJS.ErrnoException };
  if (name === 'TimeoutError') return 'no answer in time';
  return (deeper?.code ?? deeper?.message ?? message).slice(0, 200);
}
