import type { AccountName } from '../../login/account-name.ts';
import { NOT_REMEMBERED, type NotRemembered, type Unavailable } from '../outcome.ts';
import { isRecord } from './account-json.ts';
import type { RedisConnection, Reply } from './redis-connection.ts';
import { isUnavailable, type RedisReads } from './redis-reads.ts';
import { FORGET } from './script.ts';
import { serverTimeOf, SharedClock } from './shared-clock.ts';
import type { ValueCipher } from './value-cipher.ts';

/** What all that is kept in one place has in common. */
export interface SharedParts {
  readonly connection: RedisConnection;
  readonly reads: RedisReads;
  readonly cipher: ValueCipher;
  /** What all keys begin with, their version included. */
  readonly prefix: string;
  /** Nothing is remembered for longer. */
  readonly longestLifetimeMs: number;
  /** By how much the clocks of several servers may differ; 0 where there is one. */
  readonly skewMs: number;
}

/** How one kind of answer is kept. */
export interface AnswerForm<Answer> {
  /** Part of the keys. */
  readonly kind: string;
  render(answer: Answer): object;
  parse(kept: Readonly<Record<string, unknown>>): Answer | undefined;
  /** Whose answer it is. */
  ownerOf(answer: Answer, loginName: AccountName): AccountName;
  /** Wall clock in milliseconds before the backend was asked. */
  askedAtMsOf(answer: Answer): number;
}

export interface AnswerKey {
  readonly loginName: AccountName;
  /** What tells the answers of one login name apart. */
  readonly rest: string;
}

/** A question takes less than this. */
const LONGEST_QUESTION_MS = 120_000;

/**
 * Answers of backends in Redis, encrypted, found by login name, forgotten by their owner.
 *
 * Forgetting leaves a mark with the server's time, and an answer holds the server's time at which the backend was asked: it is
 * void where that is not after the mark. So it does not matter when an answer is written, or that its key and the mark lie on
 * different servers of a Cluster.
 */
export class SharedAnswers<Answer> {
  readonly #parts: SharedParts;
  readonly #form: AnswerForm<Answer>;
  readonly #clock: SharedClock;
  readonly #allMark: string;

  constructor(parts: SharedParts, form: AnswerForm<Answer>) {
    this.#parts = parts;
    this.#form = form;
    this.#allMark = `${parts.prefix}${form.kind}-all-forgotten`;
    this.#clock = new SharedClock(parts.connection, this.#allMark);
  }

  async find(key: AnswerKey, signal: AbortSignal): Promise<Answer | NotRemembered | Unavailable> {
    const { reads } = this.#parts;
    const entryKey = this.#entryKey(key);
    const [reading, values] = await Promise.all([
      this.#clock.read(),
      reads.read([entryKey, this.#markKey(key.loginName)], signal),
    ]);
    if (isUnavailable(values)) return values;
    if (reading.kind !== 'reading') return reading;
    const [sealed, mark] = values;
    const kept = this.#open(entryKey, sealed);
    if (kept === undefined || kept.askedAt <= Math.max(reading.voidUntilMs, timeIn(mark))) return NOT_REMEMBERED;
    const owner = this.#form.ownerOf(kept.answer, key.loginName);
    if (owner === key.loginName) return kept.answer;

    const marks = await reads.read([this.#markKey(owner)], signal);
    if (isUnavailable(marks)) return marks;
    return kept.askedAt > timeIn(marks[0]) ? kept.answer : NOT_REMEMBERED;
  }

  /** Under which key an answer is kept. */
  keyOf(key: AnswerKey): string {
    return this.#entryKey(key);
  }

  async keep(
    key: AnswerKey,
    answer: Answer,
    lifetimeMs: number,
    signal: AbortSignal,
  ): Promise<Unavailable | undefined> {
    const lifetime = Math.min(Math.floor(lifetimeMs), this.#parts.longestLifetimeMs);
    if (lifetime <= 0) return undefined;
    const reading = await this.#clock.read();
    if (reading.kind !== 'reading') return reading;
    const entryKey = this.#entryKey(key);
    const askedAt = serverTimeOf(this.#form.askedAtMsOf(answer), reading);
    const sealed = this.#parts.cipher.seal(entryKey, JSON.stringify({ askedAt, answer: this.#form.render(answer) }));
    return failureOf(await this.#parts.connection.send('set', [entryKey, sealed, 'PX', lifetime], signal));
  }

  async forgetOwner(owner: AccountName, signal: AbortSignal): Promise<Unavailable | undefined> {
    return this.#mark(this.#markKey(owner), signal);
  }

  async forgetAll(signal: AbortSignal): Promise<Unavailable | undefined> {
    const failure = await this.#mark(this.#allMark, signal);
    this.#clock.invalidate();
    return failure;
  }

  async #mark(key: string, signal: AbortSignal): Promise<Unavailable | undefined> {
    const { connection, longestLifetimeMs, skewMs } = this.#parts;
    return failureOf(
      await connection.run(FORGET, [key], [longestLifetimeMs + LONGEST_QUESTION_MS + skewMs, skewMs], signal),
    );
  }

  #open(entryKey: string, sealed: unknown): { readonly askedAt: number; readonly answer: Answer } | undefined {
    const text = Buffer.isBuffer(sealed) ? this.#parts.cipher.open(entryKey, sealed) : undefined;
    if (text === undefined) return undefined;
    const kept = parseJson(text);
    if (!isRecord(kept) || !isRecord(kept['answer']) || typeof kept['askedAt'] !== 'number') return undefined;
    const answer = this.#form.parse(kept['answer']);
    return answer === undefined ? undefined : { askedAt: kept['askedAt'], answer };
  }

  // Names hold no braces, so that all keys of a name lie in one slot.
  #entryKey({ loginName, rest }: AnswerKey): string {
    return `${this.#parts.prefix}${this.#form.kind}:{${loginName}}:${rest}`;
  }

  #markKey(name: AccountName): string {
    return `${this.#parts.prefix}${this.#form.kind}-forgotten:{${name}}`;
  }
}

function timeIn(mark: unknown): number {
  return Buffer.isBuffer(mark) ? Number(mark.toString('latin1')) || 0 : 0;
}

function failureOf(answer: Reply | Unavailable): Unavailable | undefined {
  return answer.kind === 'reply' ? undefined : answer;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
