import { Latencies, type LatencySummary } from './latencies.ts';
import type { LoadRow } from './load-rows.ts';

/** What became of a question. */
export interface LoadAnswer {
  /** `deferred`: the service asks to try again later; `failed`: there is no decision at all. */
  readonly kind: 'accepted' | 'refused' | 'deferred' | 'failed';
  /** Status, or what went wrong. */
  readonly detail: string;
}

/** A row that was not answered as it should. */
export interface Mismatch {
  readonly row: number;
  readonly line: number;
  readonly username: string;
  readonly expected: string;
  readonly found: string;
}

/** The result, as `--json` prints it. */
export interface LoadReport {
  readonly asked: number;
  readonly seconds: number;
  readonly per_second: number;
  readonly answers: Readonly<Record<LoadAnswer['kind'], number>>;
  readonly as_expected: number;
  readonly without_expectation: number;
  readonly mismatched: number;
  readonly latency: LatencySummary;
  /** The first of them. */
  readonly mismatches: readonly Mismatch[];
  /** It was ended before all rows were asked. */
  readonly interrupted: boolean;
}

/** Counts answers, and keeps the first that are not as expected. */
export class LoadTally {
  readonly #latencies = new Latencies();
  readonly #answers = { accepted: 0, refused: 0, deferred: 0, failed: 0 };
  readonly #mismatches: Mismatch[] = [];
  readonly #shown: number;
  #asExpected = 0;
  #unexpecting = 0;
  #mismatched = 0;

  /** @param shown mismatches that are kept */
  constructor(shown: number) {
    this.#shown = shown;
  }

  get asked(): number {
    const { accepted, refused, deferred, failed } = this.#answers;
    return accepted + refused + deferred + failed;
  }

  get mismatched(): number {
    return this.#mismatched;
  }

  /** @param ms how long the answer took; absent where nothing was asked */
  take(row: LoadRow, answer: LoadAnswer, ms?: number): void {
    this.#answers[answer.kind] += 1;
    if (ms !== undefined) this.#latencies.record(ms);
    const isDecided = answer.kind === 'accepted' || answer.kind === 'refused';
    if (isDecided && row.expected === undefined) this.#unexpecting += 1;
    else if (answer.kind === row.expected) this.#asExpected += 1;
    else this.#mismatch(row, answer);
  }

  report(seconds: number, interrupted: boolean): LoadReport {
    const { asked } = this;
    return {
      asked,
      seconds: Math.round(seconds * 1000) / 1000,
      per_second: seconds === 0 ? 0 : Math.round((asked / seconds) * 10) / 10,
      answers: this.#answers,
      as_expected: this.#asExpected,
      without_expectation: this.#unexpecting,
      mismatched: this.#mismatched,
      latency: this.#latencies.summary(),
      mismatches: this.#mismatches,
      interrupted,
    };
  }

  #mismatch({ row, line, fields, expected }: LoadRow, { kind, detail }: LoadAnswer): void {
    this.#mismatched += 1;
    if (this.#mismatches.length >= this.#shown) return;
    this.#mismatches.push({
      row,
      line,
      username: (fields.username ?? '').slice(0, 256),
      expected: expected ?? 'a decision',
      found: detail === '' ? kind : `${kind} (${detail})`,
    });
  }
}
