import { availableParallelism } from 'node:os';
import type { Secret } from '../login/secret.ts';
import { HashingFailedError } from './scheme.ts';
import type { UsableHash } from './usable-hash.ts';

/** The check could not be made; `overloaded` where the queue was full, `detail` for operators. */
interface CheckUnavailable {
  readonly kind: 'unavailable';
  readonly overloaded: boolean;
  readonly detail: string;
}

export type CheckResult = 'match' | 'mismatch' | CheckUnavailable;

interface PasswordChecksOptions {
  /** How many costly checks compute at once; one for each core by default. */
  readonly concurrency?: number | undefined;
  /** How many costly checks may wait for their turn, 256 by default. */
  readonly maxQueue?: number | undefined;
}

const DEFAULT_MAX_QUEUE = 256;

/** One costly check that somebody waits for. */
class CostlyCheck {
  readonly result: Promise<CheckResult>;
  readonly #hash: UsableHash;
  readonly #password: Secret;
  readonly #settlers: PromiseWithResolvers<CheckResult>;

  constructor(hash: UsableHash, password: Secret) {
    this.#hash = hash;
    this.#password = password;
    this.#settlers = Promise.withResolvers();
    this.result = this.#settlers.promise;
  }

  /** Settles at once; a later result of the computation goes nowhere. */
  abandon(detail: string): void {
    this.#settlers.resolve(unavailable(detail));
  }

  /** Never rejects: what is no failed hashing is a bug and rejects `result`. */
  async compute(signal: AbortSignal): Promise<void> {
    let matches = false;
    try {
      for (const form of this.#password.revealForms()) {
        if (signal.aborted) return;
        const matchesForm = await this.#hash.check(form);
        matches ||= matchesForm;
      }
      this.#settlers.resolve(matches ? 'match' : 'mismatch');
    } catch (error) {
      if (error instanceof HashingFailedError) this.#settlers.resolve(unavailable(error.message));
      else this.#settlers.reject(error);
    }
  }
}

/** Checks passwords against stored hashes: cheap ones on the spot, costly ones off the event loop, a few at a time. */
export class PasswordChecks {
  readonly #concurrency: number;
  readonly #maxQueue: number;
  /** In order of arrival. */
  readonly #waiting = new Map<CostlyCheck, AbortSignal>();
  #running = 0;

  constructor(options: PasswordChecksOptions = {}) {
    this.#concurrency = options.concurrency ?? availableParallelism();
    this.#maxQueue = options.maxQueue ?? DEFAULT_MAX_QUEUE;
  }

  /** Costly checks that compute now, those nobody waits for any more included. */
  get running(): number {
    return this.#running;
  }

  /** Costly checks that wait for their turn. */
  get queued(): number {
    return this.#waiting.size;
  }

  /**
   * Compares a password, in each of its forms, with a stored hash; all forms are computed whichever matches, so that the time
   * tells nothing. A cheap hash gives its result at once, a costly one a promise that never rejects for an outage. When `signal`
   * fires the promise settles at once as unavailable; what computes already keeps its place until it is done.
   */
  check(hash: UsableHash, password: Secret, signal: AbortSignal): CheckResult | Promise<CheckResult> {
    if (hash.cost === 'cheap') return checkCheap(hash, password);
    if (signal.aborted) return unavailable('the password check was given up before it began');
    if (this.#running >= this.#concurrency && this.#waiting.size >= this.#maxQueue) {
      return { kind: 'unavailable', overloaded: true, detail: `${this.#maxQueue} password checks wait already` };
    }
    return this.#enter(new CostlyCheck(hash, password), signal);
  }

  #enter(check: CostlyCheck, signal: AbortSignal): Promise<CheckResult> {
    const onAbort = () => {
      const waited = this.#waiting.delete(check);
      check.abandon(`the password check was given up while it ${waited ? 'waited for its turn' : 'computed'}`);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const stopListening = () => signal.removeEventListener('abort', onAbort);
    check.result.then(stopListening, stopListening);
    if (this.#running < this.#concurrency) void this.#run(check, signal);
    else this.#waiting.set(check, signal);
    return check.result;
  }

  async #run(check: CostlyCheck, signal: AbortSignal): Promise<void> {
    this.#running += 1;
    await check.compute(signal);
    this.#running -= 1;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next[0]);
    void this.#run(...next);
  }
}

function checkCheap(hash: UsableHash, password: Secret): CheckResult {
  let matches = false;
  for (const form of password.revealForms()) {
    // A cheap algorithm answers at once; the type of `check` says so only together with the algorithm's.
    const matchesForm = hash.check(form) === true;
    matches ||= matchesForm;
  }
  return matches ? 'match' : 'mismatch';
}

function unavailable(detail: string): CheckUnavailable {
  return { kind: 'unavailable', overloaded: false, detail };
}
