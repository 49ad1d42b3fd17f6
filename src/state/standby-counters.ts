import type { Counted, Counter, Counters } from './counters.ts';
import type { MaybePromise, Unavailable } from './outcome.ts';
import type { Condition, InTurn, Place, Turn } from './turn.ts';
import type { Sweep, Sweepable, Swept } from './sweep.ts';

/** Gives what a counter is while each process counts for itself; the same but for its limit. */
export type Stricter = (counter: Counter) => Counter;

/**
 * Counters that others share, with some of this process to stand in while they cannot be had: then each process counts for itself,
 * from nothing, up to stricter limits. What was counted meanwhile is not handed on.
 */
export class StandbyCounters implements Counters, Sweepable {
  readonly #shared: Counters & Sweepable;
  readonly #own: Counters & Sweepable;
  readonly #stricter: Stricter;

  constructor(shared: Counters & Sweepable, own: Counters & Sweepable, stricter: Stricter) {
    this.#shared = shared;
    this.#own = own;
    this.#stricter = stricter;
  }

  hit(counter: Counter, signal: AbortSignal, inTurn?: InTurn): MaybePromise<Counted | Unavailable> {
    const answer = this.#shared.hit(counter, signal, inTurn);
    return this.#standIn(answer, counter, (own) => this.#own.hit(own, signal, inTurn));
  }

  peek(counter: Counter, signal: AbortSignal, conditions?: readonly Condition[]): MaybePromise<Counted | Unavailable> {
    const answer = this.#shared.peek(counter, signal, conditions);
    return this.#standIn(answer, counter, (own) => this.#own.peek(own, signal));
  }

  /** Conditions hold of what is shared: where that is away, what depends on them is not counted here either. */
  requireVacant(places: readonly Place[], turns: readonly Turn[], signal: AbortSignal): boolean {
    return this.#shared.requireVacant?.(places, turns, signal) ?? false;
  }

  async takeBack(counter: Counter, signal: AbortSignal): Promise<Unavailable | undefined> {
    await this.#own.takeBack(this.#stricter(counter), signal);
    return await this.#shared.takeBack(counter, signal);
  }

  async clear(owner: string, signal: AbortSignal): Promise<Unavailable | undefined> {
    await this.#own.clear(owner, signal);
    return await this.#shared.clear(owner, signal);
  }

  async sweep(sweep: Sweep, signal: AbortSignal, owners?: readonly string[]): Promise<Swept | Unavailable> {
    await this.#own.sweep(sweep, signal, owners);
    return await this.#shared.sweep(sweep, signal, owners);
  }

  #standIn(
    answer: MaybePromise<Counted | Unavailable>,
    counter: Counter,
    ask: (own: Counter) => MaybePromise<Counted | Unavailable>,
  ): MaybePromise<Counted | Unavailable> {
    const askOwn = () => askStricter(counter, this.#stricter(counter), ask);
    if (answer instanceof Promise) return answer.then((later) => (later.kind === 'unavailable' ? askOwn() : later));
    return answer.kind === 'unavailable' ? askOwn() : answer;
  }
}

/** Who reaches the stricter limit has reached the limit: rules that compare the two need not know which is in force. */
function askStricter(
  { limit }: Counter,
  own: Counter,
  ask: (own: Counter) => MaybePromise<Counted | Unavailable>,
): MaybePromise<Counted | Unavailable> {
  const raised = (answer: Counted | Unavailable) =>
    answer.kind === 'counted' && answer.count >= own.limit ? { ...answer, count: limit } : answer;
  const answer = ask(own);
  return answer instanceof Promise ? answer.then(raised) : raised(answer);
}
