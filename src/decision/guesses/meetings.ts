import type { Attempt } from '../../login/attempt.ts';
import type { RuleFinding } from '../../login/verdict.ts';
import { type Guess, knownCounterOf } from '../../protection/account-budget.ts';
import { manualAccountKey } from '../../protection/manual-block.ts';
import { isCredible, type Rung, rungsFor } from '../../protection/network-ladder.ts';
import { sharedCounterOf } from '../../protection/shared-address.ts';
import type { Surroundings, SurroundingsOfAddresses } from '../../protection/surroundings.ts';
import { waitAfter } from '../../protection/wait.ts';
import type { Block, FoundBlocks } from '../../state/blocks.ts';
import type { Counted } from '../../state/counters.ts';
import type { MaybePromise, Unavailable } from '../../state/outcome.ts';
import type { Condition, Place } from '../../state/turn.ts';
import { allOf, andThen } from '../maybe-promise.ts';
import type { GuessParts, Origin } from './guess-parts.ts';

/** What keeps an attempt out. */
export interface Refused {
  readonly kind: 'refused';
  readonly findings: readonly RuleFinding[];
  readonly waitSeconds: number;
}

/** Somebody of whom state was asked before his guess is counted. */
export type Met =
  /** A block holds against him. */
  | { readonly kind: 'kept-out'; readonly refused: Refused; readonly isByHand: boolean }
  | { readonly kind: 'met'; readonly origin: Origin };

type Whose = Pick<Origin, 'guess' | 'isSpared'>;
/** What depends on what is found of a stranger. */
export interface TurnsWithStranger {
  /** On whether the account is known in the network. */
  readonly ofKnown: readonly Condition[];
  /** On whether many accounts come from the address. */
  readonly ofSharedAddress: readonly Condition[];
}

type CountedOrNot = Counted | Unavailable;

const NOTHING_COUNTED: Counted = { kind: 'counted', count: 0, isOver: false, isKnown: false };
const NO_RUNGS: readonly Rung[] = [];
const NO_BLOCKS: FoundBlocks = { kind: 'found', blocks: [] };

/** Asks what is known of who is about to guess: whether blocks hold against him, and whether he has been here before. */
export class Meetings {
  readonly #parts: GuessParts;
  readonly #surroundings: SurroundingsOfAddresses;
  /** Those that were shared when they were last asked about. */
  readonly #lastShared = new WeakSet<Surroundings>();

  constructor(parts: GuessParts, surroundings: SurroundingsOfAddresses) {
    this.#parts = parts;
    this.#surroundings = surroundings;
  }

  /**
   * Somebody of whom nothing is remembered here.
   * @param turns depend on what is found of him
   */
  withStranger(
    { guess, isSpared }: Whose,
    attempt: Attempt,
    signal: AbortSignal,
    turns?: TurnsWithStranger,
  ): MaybePromise<Met> {
    const { rules, accounts, networks, blocks } = this.#parts;
    const { accountKey, address } = guess;
    const around = this.#surroundings.of(address);
    const known = around.knownIn === undefined ? undefined : knownCounterOf(guess, around.knownIn, rules.knownNetworks);
    const rungs = isSpared ? NO_RUNGS : rungsFor(attempt, around.rungs);
    const isFree = blocks.isEmpty === true;
    const manualKeys = isFree ? [] : [manualAccountKey(accountKey), ...around.manualKeys];
    const asked = allOf<CountedOrNot | FoundBlocks>([
      known === undefined ? NOTHING_COUNTED : accounts.peek(known, signal, turns?.ofKnown),
      address === undefined || rules.sharedAddresses.accounts === 0
        ? NOTHING_COUNTED
        : networks.peek(
            sharedCounterOf(accountKey, around.clientOwner, rules.sharedAddresses),
            signal,
            turns?.ofSharedAddress,
          ),
      isFree ? NO_BLOCKS : blocks.find([...manualKeys, ...rungs.map((rung) => rung.blockKey)], signal),
    ]);
    return andThen(asked, ([knows, logins, found]): Met => {
      const knownIn = isCounted(knows) && knows.isKnown ? known?.member : undefined;
      const isShared = isCounted(logins) && logins.count > 0 && logins.count >= rules.sharedAddresses.accounts;
      if (turns !== undefined) this.#noteShared(around, isShared);
      const origin: Origin = { guess, around, rungs, knownIn, isShared, isSpared };
      const inForce = found?.kind === 'found' ? found.blocks : [];
      const byHand = inForce.find((one) => manualKeys.includes(one.key));
      if (byHand !== undefined) return { kind: 'kept-out', refused: this.#refusedBy(byHand), isByHand: true };
      const block = this.#blockOf(origin, inForce);
      if (block !== undefined) return { kind: 'kept-out', refused: this.#refusedBy(block), isByHand: false };
      return { kind: 'met', origin };
    });
  }

  /** Where a stranger comes from, as long as nobody knows better: out of a network that is new, and an address as it was last time. */
  strangerAt({ guess, isSpared }: Whose, attempt: Attempt): Origin {
    const around = this.#surroundings.of(guess.address);
    const rungs = isSpared ? NO_RUNGS : rungsFor(attempt, around.rungs);
    return { guess, around, rungs, knownIn: undefined, isShared: this.#lastShared.has(around), isSpared };
  }

  /** Where blocks would be that keep him out, whoever he is; `undefined` where that cannot be told. */
  placesOfManualBlocks({ guess, around }: Origin): readonly Place[] | undefined {
    const { blocks } = this.#parts;
    if (blocks.isEmpty === true) return [];
    return blocks.placesOf?.([manualAccountKey(guess.accountKey), ...around.manualKeys]);
  }

  /** Where blocks of networks would be that keep a stranger out. */
  placesOfNetworkBlocks({ rungs, isShared }: Origin): readonly Place[] | undefined {
    const { blocks } = this.#parts;
    if (blocks.isEmpty === true || isShared) return [];
    return blocks.placesOf?.(rungs.filter(({ rule }) => rule.mode === 'enforce').map(({ blockKey }) => blockKey));
  }

  /** Somebody who has logged in from here a short while ago: only blocks by hand hold against him. */
  withFamiliar({ guess, isSpared }: Whose, knownIn: string, signal: AbortSignal): MaybePromise<Met> {
    return andThen(this.refusedByHand(guess, signal), (refused): Met => {
      if (refused !== undefined) return { kind: 'kept-out', refused, isByHand: true };
      return { kind: 'met', origin: this.originOf({ guess, isSpared }, knownIn) };
    });
  }

  /** Where he comes from who has logged in from there a short while ago. */
  originOf({ guess, isSpared }: Whose, knownIn: string): Origin {
    const around = this.#surroundings.of(guess.address);
    return { guess, around, rungs: NO_RUNGS, knownIn, isShared: false, isSpared };
  }

  /** What a block by hand keeps out, whoever it is. */
  refusedByHand(
    { accountKey, address }: Pick<Guess, 'accountKey' | 'address'>,
    signal: AbortSignal,
  ): MaybePromise<Refused | undefined> {
    const { blocks } = this.#parts;
    // Nothing is made for a question that need not be asked.
    if (blocks.isEmpty === true) return undefined;
    const { manualKeys } = this.#surroundings.of(address);
    return andThen(blocks.find([manualAccountKey(accountKey), ...manualKeys], signal), (answer) => {
      const [block] = answer.kind === 'found' ? answer.blocks : [];
      return block === undefined ? undefined : this.#refusedBy(block);
    });
  }

  /** Refuses for as long as can be. */
  refused(findings: readonly RuleFinding[]): Refused {
    const waitSeconds = waitAfter(Number.POSITIVE_INFINITY, this.#parts.rules.wait);
    return { kind: 'refused', findings, waitSeconds };
  }

  #refusedBy({ rule, network, untilMs }: Block): Refused {
    return this.refused([{ rule, effect: 'refused', network, untilMs }]);
  }

  #noteShared(around: Surroundings, isShared: boolean): void {
    if (isShared) this.#lastShared.add(around);
    else this.#lastShared.delete(around);
  }

  /** The block that holds against a guess: none does where the account is known, or where many accounts come from. */
  #blockOf({ rungs, knownIn, isShared }: Origin, inForce: readonly Block[]): Block | undefined {
    if (inForce.length === 0 || knownIn !== undefined || isShared) return undefined;
    const now = this.#parts.now();
    return inForce.find((block) => {
      const rung = rungs.find(({ blockKey }) => blockKey === block.key);
      return rung?.rule.mode === 'enforce' && isCredible(block, rung, now);
    });
  }
}

function isCounted(answer: CountedOrNot | FoundBlocks | undefined): answer is Counted {
  return answer?.kind === 'counted';
}
