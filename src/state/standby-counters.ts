import type { Counted, Counter, Counters } from './counters.ts';
import type { MaybePromise, Unavailable } from './outcome.ts';
import type { Sweep, Sweepable, Swept } from './sweep.ts';

/**
 * Counters that others share, with some of this process to stand in while they cannot be had: then each process counts for itself,
 * from nothing. What was counted meanwhile is not handed on.
 */
export class StandbyCounters implements Counters, Sweepable {
  readonly #shared: Counters & Sweepable;
  readonly #own: Counters & Sweepable;

  constructor(shared: Counters & Sweepable, own: Counters & Sweepable) {
    this.#shared = shared;
    this.#own = own;
  }

  hit(counter: Counter, signal: AbortSignal): MaybePromise<Counted | Unavailable> {
    return standIn(this.#shared.hit(counter, signal), () => this.#own.hit(counter, signal));
  }

  peek(counter: Counter, signal: AbortSignal): MaybePromise<Counted | Unavailable> {
    return standIn(this.#shared.peek(counter, signal), () => this.#own.peek(counter, signal));
  }

  async takeBack(counter: Counter, signal: AbortSignal): Promise<Unavailable | undefined> {
    await this.#own.takeBack(counter, signal);
    return await this.#shared.takeBack(counter, signal);
  }

  async clear(owner: string, signal: AbortSignal): Promise<Unavailable | undefined> {
    await this.#own.clear(owner, signal);
    return await this.#shared.clear(owner, signal);
  }

  async sweep(sweep: Sweep, signal: AbortSignal): Promise<Swept | Unavailable> {
    await this.#own.sweep(sweep, signal);
    return await this.#shared.sweep(sweep, signal);
  }
}

function standIn(
  answer: MaybePromise<Counted | Unavailable>,
  own: () => MaybePromise<Counted | Unavailable>,
): MaybePromise<Counted | Unavailable> {
  if (answer instanceof Promise) return answer.then((later) => (later.kind === 'unavailable' ? own() : later));
  return answer.kind === 'unavailable' ? own() : answer;
}
