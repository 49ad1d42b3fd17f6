import type { Blocks } from '../../src/state/blocks.ts';
import type { Counted, Counters } from '../../src/state/counters.ts';
import { MemoryBlocks } from '../../src/state/memory/memory-blocks.ts';
import { MemoryCounters } from '../../src/state/memory/memory-counters.ts';
import { MemoryVerifiedLogins } from '../../src/state/memory/memory-verified-logins.ts';
import type { MaybePromise } from '../../src/state/outcome.ts';
import { NOT_ITS_TURN, type Turn } from '../../src/state/turn.ts';
import type { VerifiedLoginKey, VerifiedLogins } from '../../src/state/verified-logins.ts';

/** A command on its way: what it does there, all in one step. */
interface Command {
  readonly does: (() => void)[];
  readonly done: Promise<void>;
}

/** What a client sees of the store. */
export interface SteppedView {
  readonly counters: Counters;
  readonly blocks: Blocks;
  readonly verifiedLogins: VerifiedLogins;
}

/**
 * A store in memory that is asked as a Redis is: what is counted in one turn of the event loop is one command and one step, what is
 * read another, and anything may happen on the way there and back.
 */
export class SteppedStore {
  readonly counters: MemoryCounters;
  readonly blocks: MemoryBlocks;
  readonly verifiedLogins: MemoryVerifiedLogins;
  readonly #wait: (what: string) => Promise<unknown>;

  /** @param wait fulfilled when the next thing may happen to a command */
  constructor(wait: (what: string) => Promise<unknown>, now: () => number) {
    this.#wait = wait;
    this.verifiedLogins = new MemoryVerifiedLogins({ maxEntries: 1000, maxBytes: 1 << 20 }, now);
    this.blocks = new MemoryBlocks(1000, now);
    this.counters = new MemoryCounters(1 << 24, now, ({ key }) =>
      key.startsWith('block ')
        ? this.blocks.find([key.slice('block '.length)]).blocks.length === 0
        : this.verifiedLogins.recall(JSON.parse(key) as VerifiedLoginKey).kind === 'not-remembered',
    );
  }

  /** The store as one client sees it. */
  view(): SteppedView {
    return {
      counters: this.#countersOf(this.#openBatch('count')),
      ...this.#readsOf(this.#openBatch('read')),
    };
  }

  /** Gathers what is asked in one turn, and does it in one step. */
  #openBatch(what: string): () => Command {
    let current: Command | undefined;
    return () => {
      if (current !== undefined) return current;
      const does: (() => void)[] = [];
      const send = async () => {
        await Promise.resolve();
        current = undefined;
        await this.#wait(`${what} there`);
        for (const one of does) one();
        await this.#wait(`${what} back`);
      };
      const command: Command = { does, done: send() };
      current = command;
      return command;
    };
  }

  #countersOf(batch: () => Command): Counters {
    const commandOf = new WeakMap<Turn, Command>();
    const ask = <T>(does: () => MaybePromise<T>): Promise<T> => inStep(batch(), does);
    return {
      hit: async (counter, _signal, inTurn): Promise<Counted> => {
        if (inTurn === undefined) return ask(() => this.counters.hit(counter));
        const { turn, isLater } = inTurn;
        if (turn.isConditional)
          return commandOf.get(turn) === batch()
            ? ask(() => this.counters.hit(counter, undefined, inTurn))
            : NOT_ITS_TURN;
        const isTogether = turn.join(batch());
        if (!isTogether && isLater) await turn.whenAnswered();
        const answer = ask(() => this.counters.hit(counter, undefined, inTurn));
        turn.add(answer);
        return answer;
      },
      peek: (counter, signal, conditions) => ask(() => this.counters.peek(counter, signal, conditions)),
      takeBack: (counter) => ask(() => this.counters.takeBack(counter)),
      clear: (owner) => ask(() => this.counters.clear(owner)),
      requireVacant: (places, turns) => {
        for (const turn of turns) commandOf.set(turn, batch());
        void ask(() => this.counters.requireVacant(places, turns));
        return true;
      },
    };
  }

  #readsOf(batch: () => Command): Omit<SteppedView, 'counters'> {
    const ask = <T>(does: () => MaybePromise<T>): Promise<T> => inStep(batch(), does);
    const { blocks, verifiedLogins } = this;
    return {
      blocks: {
        put: (block) => ask(() => blocks.put(block)),
        find: (keys) => ask(() => blocks.find(keys)),
        list: (page) => blocks.list(page),
        remove: (key) => ask(() => blocks.remove(key)),
        placesOf: (keys) => keys.map((key) => ({ key: `block ${key}`, restMs: 0 })),
      },
      verifiedLogins: {
        recall: (key) => ask(() => verifiedLogins.recall(key)),
        remember: (key, login, lifetimeMs) => ask(() => verifiedLogins.remember(key, login, lifetimeMs)),
        forgetAccount: (name) => ask(() => verifiedLogins.forgetAccount(name)),
        forgetAll: () => ask(() => verifiedLogins.forgetAll()),
        storeKeyOf: (key) => JSON.stringify(key),
      },
    };
  }
}

async function inStep<T>({ does, done }: Command, what: () => MaybePromise<T>): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  does.push(() => resolve(what()));
  await done;
  return promise;
}
