import { setTimeout as sleep } from 'node:timers/promises';
import { generatedAccount } from '../../daemons/generated-accounts.ts';
import type { TestedBackend } from './ldap-backend.ts';

/** One question of the load, and what came of it. */
export interface LoadAnswer {
  readonly question: Question;
  readonly kind: string;
  readonly detail: string;
  /** When it was asked and how long it took, in milliseconds since the load began. */
  readonly at: number;
  readonly ms: number;
}

const QUESTIONS = ['right-password', 'wrong-password', 'unknown-user', 'known-account', 'unknown-account'] as const;
type Question = (typeof QUESTIONS)[number];

const EXPECTED: Readonly<Record<Question, string>> = {
  'right-password': 'verified',
  'wrong-password': 'wrong-password',
  'unknown-user': 'unknown-user',
  'known-account': 'found',
  'unknown-account': 'unknown-user',
};

const WORKERS = 8;
const PAUSE_MS = 3;

/** Logins and look-ups without an end, of generated accounts: all kinds, some at a time, until it is stopped. */
export class SteadyLoad implements AsyncDisposable {
  readonly answers: LoadAnswer[] = [];
  readonly #tested: TestedBackend;
  readonly #accounts: number;
  readonly #start = performance.now();
  readonly #workers: Promise<void>[];
  #isStopped = false;

  constructor(tested: TestedBackend, accounts: number) {
    this.#tested = tested;
    this.#accounts = accounts;
    this.#workers = Array.from({ length: WORKERS }, (_, i) => this.#work(i));
  }

  /** Milliseconds since the load began. */
  get now(): number {
    return performance.now() - this.#start;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#workers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Answers that are false: neither what is so nor that it cannot be known. */
  get falseAnswers(): readonly LoadAnswer[] {
    return this.answers.filter(({ question, kind }) => kind !== EXPECTED[question] && kind !== 'unavailable');
  }

  /** Questions asked from then on that got no answer. */
  unansweredSince(at: number): readonly LoadAnswer[] {
    return this.answers.filter((answer) => answer.at >= at && answer.kind === 'unavailable');
  }

  /** Answers that are no outage, to questions asked from then on. */
  answeredSince(at: number): readonly LoadAnswer[] {
    return this.answers.filter((answer) => answer.at >= at && answer.kind !== 'unavailable');
  }

  get longestMs(): number {
    return Math.max(...this.answers.map(({ ms }) => ms));
  }

  async #work(worker: number): Promise<void> {
    for (let i = worker; !this.#isStopped; i += WORKERS) {
      const question = QUESTIONS[i % QUESTIONS.length] as Question;
      const at = this.now;
      const result = await this.#ask(question, i % this.#accounts);
      const detail = result.kind === 'unavailable' ? result.detail : '';
      this.answers.push({ question, kind: result.kind, detail, at, ms: this.now - at });
      await sleep(PAUSE_MS);
    }
  }

  #ask(question: Question, index: number) {
    const { name, password } = generatedAccount(index, '');
    switch (question) {
      case 'right-password':
        return this.#tested.verify(name, password);
      case 'wrong-password':
        return this.#tested.verify(name, `not-${password}`);
      case 'unknown-user':
        return this.#tested.verify(`nobody-${name}`, password);
      case 'known-account':
        return this.#tested.lookUp(name);
      case 'unknown-account':
        return this.#tested.lookUp(`nobody-${name}`);
    }
  }
}
