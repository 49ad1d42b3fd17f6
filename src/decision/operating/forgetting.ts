import type { Announcement, Announcements } from '../../state/announcements.ts';
import type { Block, Blocks } from '../../state/blocks.ts';
import type { Unavailable } from '../../state/outcome.ts';
import type { Sweepable, Swept } from '../../state/sweep.ts';
import { isBlockOf, ownersOf, sweepOf, type Traces } from '../../protection/traces.ts';
import { allBlocks } from './all-blocks.ts';

/** What remembers who logs in, beside counters and blocks. */
export interface Remembers {
  forget(traces: Traces): void;
  /** Keys of login names that have led to an account, by their key. */
  aliasesOf(accountKey: string): readonly string[];
}

export interface ForgettingParts {
  /** What this process counts for itself. */
  readonly countedHere: readonly Sweepable[];
  readonly blocksHere: Blocks;
  /** What processes count together; nothing where each counts for itself. */
  readonly countedTogether: readonly Sweepable[];
  /** Blocks that are in force, here or everywhere. */
  readonly blocks: Blocks;
  readonly remembers: Remembers;
  readonly announcements: Announcements;
  /** Gives the signal that ends what another process wants forgotten. */
  readonly deadline: () => AbortSignal;
}

export interface Forgotten {
  /** Blocks that were ended. */
  readonly blocks: readonly Block[];
  /** Owners, counters and members that are counted no more. */
  readonly counted: number;
  /** What could not be reached, for operators. */
  readonly problem: string | undefined;
}

/** Forgets traces of accounts and networks, here and in all processes that share what they count. */
export class Forgetting implements Disposable {
  readonly #parts: ForgettingParts;
  readonly #own = new WeakSet<Announcement>();
  readonly #subscription: Disposable;

  constructor(parts: ForgettingParts) {
    this.#parts = parts;
    this.#subscription = parts.announcements.subscribe({
      onAnnouncement: (announcement) => {
        if (announcement.kind === 'guesses-forgotten' && !this.#own.has(announcement))
          void this.#follow(announcement, parts.deadline());
      },
      onGap: () => {},
    });
  }

  async forget(asked: Traces, signal: AbortSignal): Promise<Forgotten> {
    const { blocks, announcements } = this.#parts;
    const traces = this.#withAliases(asked);
    const found = await allBlocks(blocks, (block) => isBlockOf(block, traces), signal);
    const problems = found.kind === 'unavailable' ? [found.detail] : [];
    const ended = found.kind === 'blocks' ? found.blocks : [];
    for (const { key } of ended) note(problems, await blocks.remove(key, signal));
    let counted = await this.#forgetHere(traces, signal);
    for (const swept of await this.#forgetTogether(traces, signal)) {
      if (swept.kind === 'swept') counted += swept.forgotten;
      else problems.push(swept.detail);
    }
    const announcement: Announcement = { kind: 'guesses-forgotten', ...traces };
    this.#own.add(announcement);
    note(problems, await announcements.publish(announcement, signal));
    return { blocks: ended, counted, problem: problems[0] };
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  /** Another process forgets; this one may know of further names of the accounts. */
  async #follow(heard: Traces, signal: AbortSignal): Promise<void> {
    const traces = this.#withAliases(heard);
    await this.#forgetHere(traces, signal);
    const more = traces.accounts.filter((key) => !heard.accounts.includes(key));
    if (more.length > 0) await this.#forgetTogether({ accounts: more, networks: [] }, signal);
  }

  #withAliases(traces: Traces): Traces {
    const { remembers } = this.#parts;
    const accounts = new Set(traces.accounts.flatMap((key) => [key, ...remembers.aliasesOf(key)]));
    return { ...traces, accounts: [...accounts] };
  }

  async #forgetTogether(traces: Traces, signal: AbortSignal): Promise<readonly (Swept | Unavailable)[]> {
    const swept: (Swept | Unavailable)[] = [];
    for (const store of this.#parts.countedTogether)
      swept.push(await store.sweep(sweepOf(traces), signal, ownersOf(traces)));
    return swept;
  }

  async #forgetHere(traces: Traces, signal: AbortSignal): Promise<number> {
    const { countedHere, blocksHere, remembers } = this.#parts;
    remembers.forget(traces);
    const found = await allBlocks(blocksHere, (block) => isBlockOf(block, traces), signal);
    if (found.kind === 'blocks') for (const { key } of found.blocks) await blocksHere.remove(key, signal);
    let counted = 0;
    for (const store of countedHere) {
      const swept = await store.sweep(sweepOf(traces), signal, ownersOf(traces));
      if (swept.kind === 'swept') counted += swept.forgotten;
    }
    return counted;
  }
}

function note(problems: string[], failure: { readonly detail: string } | undefined): void {
  if (failure !== undefined) problems.push(failure.detail);
}
