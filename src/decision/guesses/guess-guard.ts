/**
 * Asks counters and blocks what the rules against guessing want to know. A guess is counted before a backend is asked and settled
 * when its outcome is known, so that logins which come at once pass no limit together.
 *
 * @module
 */
import { LRUCache } from 'lru-cache';
import type { AccountName } from '../../login/account-name.ts';
import type { Attempt } from '../../login/attempt.ts';
import type { Secret } from '../../login/secret.ts';
import type { RuleFinding, Verdict } from '../../login/verdict.ts';
import { type Guess, guessAt, knownNetworkCounter } from '../../protection/account-budget.ts';
import { accountKeyOf } from '../../protection/account-key.ts';
import { manualBlockKeys } from '../../protection/manual-block.ts';
import { isCredible, rungsOf } from '../../protection/network-ladder.ts';
import type { Traces } from '../../protection/traces.ts';
import { sharedAddressCounter } from '../../protection/shared-address.ts';
import { waitAfter } from '../../protection/wait.ts';
import type { Block, FoundBlocks } from '../../state/blocks.ts';
import type { Counted } from '../../state/counters.ts';
import type { MaybePromise, Unavailable } from '../../state/outcome.ts';
import { countOfAccount } from './account-count.ts';
import { expectedReservation } from './expected-reservation.ts';
import { type Familiar, FamiliarLogins } from './familiar-logins.ts';
import type { CountParts, GuessParts, Origin } from './guess-parts.ts';
import { GuessSettlement, type Outcome } from './guess-settlement.ts';
import { allOf, andThen } from '../maybe-promise.ts';
import { Holds } from './holds.ts';
import { NetworkCrowd } from './network-crowd.ts';
import type { Reservation } from './reservation.ts';

export type Admission =
  | { readonly kind: 'admitted'; readonly reservation: Reservation; readonly observed: readonly RuleFinding[] }
  | { readonly kind: 'refused'; readonly findings: readonly RuleFinding[]; readonly waitSeconds: number }
  /** So many attempts of the network are under way that it cannot be told. */
  | { readonly kind: 'crowded'; readonly network: string };

type CountedOrNot = Counted | Unavailable;

type Whose = Pick<Origin, 'guess' | 'isSpared'>;

const MAX_ALIASES = 100_000;
const NOTHING_COUNTED: Counted = { kind: 'counted', count: 0, isOver: false, isKnown: false, resetsInMs: 0 };
const NONE: readonly RuleFinding[] = [];

export class GuessGuard {
  readonly #parts: CountParts;
  /** Login names that have led to an account of another name. */
  readonly #aliases = new LRUCache<string, string>({ max: MAX_ALIASES });
  readonly #familiar: FamiliarLogins;
  readonly #settlement: GuessSettlement;
  readonly #crowd: NetworkCrowd;

  constructor(parts: GuessParts) {
    this.#parts = { ...parts, holds: new Holds(parts.isShared) };
    this.#crowd = new NetworkCrowd(this.#parts);
    this.#familiar = new FamiliarLogins(parts.rules.knownNetworks, parts.ticks);
    this.#settlement = new GuessSettlement(this.#parts, this.#familiar, (guess, account) =>
      this.#noteAccount(guess, account),
    );
  }

  /** Counts an attempt, or refuses it. What cannot be counted since the state is away is let through and told. */
  admit(attempt: Attempt, name: AccountName, password: Secret, signal: AbortSignal): MaybePromise<Admission> {
    const key = accountKeyOf(name);
    const accountKey = this.#aliases.get(key) ?? key;
    const marker = this.#parts.markers.markerOf(password);
    const guess = guessAt(accountKey, marker, attempt.clientAddress);
    const familiar = this.#familiar.recall(guess);
    const isSpared = this.#parts.spares?.(name) === true;
    return familiar === undefined
      ? this.#meet({ guess, isSpared }, attempt, signal)
      : this.#greet({ guess, isSpared }, familiar, signal);
  }

  /** Somebody of whom nothing is remembered here. */
  #meet({ guess, isSpared }: Whose, attempt: Attempt, signal: AbortSignal): MaybePromise<Admission> {
    const { rules, accounts, networks, blocks } = this.#parts;
    const { accountKey, address } = guess;
    const known = knownNetworkCounter(guess, rules.knownNetworks);
    const rungs = isSpared ? [] : rungsOf(attempt, rules.networks);
    const shared = address === undefined || rules.sharedAddresses.accounts === 0 ? undefined : address;
    const manualKeys = manualBlockKeys(accountKey, address);
    const asked = allOf<CountedOrNot | FoundBlocks>([
      known === undefined ? NOTHING_COUNTED : accounts.peek(known, signal),
      shared === undefined
        ? NOTHING_COUNTED
        : networks.peek(sharedAddressCounter(accountKey, shared, rules.sharedAddresses), signal),
      blocks.find([...manualKeys, ...rungs.map((rung) => rung.blockKey)], signal),
    ]);
    return andThen(asked, ([knows, logins, found]) => {
      const knownIn = isCounted(knows) && knows.isKnown ? known?.member : undefined;
      const isShared = isCounted(logins) && logins.count > 0 && logins.count >= rules.sharedAddresses.accounts;
      const origin: Origin = { guess, rungs, knownIn, isShared, isSpared };
      const inForce = found?.kind === 'found' ? found.blocks : [];
      const block = inForce.find((one) => manualKeys.includes(one.key)) ?? this.#blockOf(origin, inForce);
      if (block !== undefined) return this.#refused([findingOf(block)]);
      return this.#count(origin, signal);
    });
  }

  /** Somebody who has logged in from here a short while ago: only blocks by hand hold against him, and budgets of his own. */
  #greet({ guess, isSpared }: Whose, familiar: Familiar, signal: AbortSignal): MaybePromise<Admission> {
    const origin: Origin = { guess, rungs: [], knownIn: familiar.knownIn, isShared: false, isSpared };
    // Asked at the same time: where state is shared that is one round trip.
    const found = this.#parts.blocks.find(familiar.manualKeys, signal);
    const expected = familiar.marker === guess.marker ? expectedReservation(origin, this.#parts, signal) : undefined;
    return andThen(found, (answer) => {
      const [block] = answer.kind === 'found' ? answer.blocks : [];
      if (block !== undefined) return this.#refused([findingOf(block)]);
      return andThen(
        expected,
        (reservation): MaybePromise<Admission> =>
          reservation === undefined ? this.#count(origin, signal) : { kind: 'admitted', reservation, observed: NONE },
      );
    });
  }

  /** Remembers what an admitted guess has led to; gives the verdict to answer. */
  settle(outcome: Outcome): MaybePromise<Verdict> {
    return this.#settlement.settle(outcome);
  }

  /** Milliseconds since a guess was admitted. */
  msSince({ admittedAt }: Reservation): number {
    return this.#parts.ticks() - admittedAt;
  }

  /** Forgets familiar logins and aliases of accounts, and familiar logins out of networks. */
  forget(traces: Traces): void {
    if (traces.rule !== undefined) return;
    this.#familiar.forgetThose(traces);
    if (traces.accounts.length === 0) return;
    const meant = new Set(traces.accounts);
    for (const [alias, key] of this.#aliases.entries())
      if (meant.has(alias) || meant.has(key)) this.#aliases.delete(alias);
  }

  /** Keys of login names that have led to an account. */
  aliasesOf(accountKey: string): readonly string[] {
    const aliases: string[] = [];
    for (const [alias, key] of this.#aliases.entries()) if (key === accountKey) aliases.push(alias);
    return aliases;
  }

  /** A login name has led to an account of another name: from now on guesses at both count together. */
  #noteAccount(guess: Guess, account: AccountName): string {
    const key = accountKeyOf(account);
    if (key !== guess.accountKey) this.#aliases.set(guess.accountKey, key);
    return key;
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

  /** First by network, then of the account: what an account is charged with is never taken back for the sake of a network. */
  #count(origin: Origin, signal: AbortSignal): MaybePromise<Admission> {
    return andThen(this.#crowd.count(origin, signal), (ofNetworks) => {
      if (ofNetworks.kind === 'crowded') return ofNetworks;
      if (ofNetworks.kind === 'refused') return this.#refused(ofNetworks.findings);
      return andThen(countOfAccount(origin, this.#parts, signal), (ofAccount): MaybePromise<Admission> => {
        const findings =
          ofNetworks.findings.length === 0 ? ofAccount.findings : [...ofNetworks.findings, ...ofAccount.findings];
        if (ofAccount.kind === 'over') {
          return andThen(this.#parts.holds.giveBack(ofNetworks.taken, signal), () => this.#refused(findings));
        }
        const { taken, tried } = ofAccount;
        // Nobody is left to settle it.
        if (signal.aborted) void this.#parts.holds.giveBack([...ofNetworks.taken, ...taken], signal);
        const admittedAt = this.#parts.ticks();
        return {
          kind: 'admitted',
          reservation: {
            guess: origin.guess,
            ofNetworks: ofNetworks.taken,
            ofAccount: taken,
            tried,
            admittedAt,
            isInKnownNetwork: origin.knownIn !== undefined,
          },
          observed: findings.length === 0 ? NONE : findings,
        };
      });
    });
  }

  #refused(findings: readonly RuleFinding[]): Admission {
    const { wait } = this.#parts.rules;
    return { kind: 'refused', findings, waitSeconds: waitAfter(Number.POSITIVE_INFINITY, wait) };
  }
}

function findingOf({ rule, network, untilMs }: Block): RuleFinding {
  return { rule, effect: 'refused', network, untilMs };
}

function isCounted(answer: CountedOrNot | FoundBlocks | undefined): answer is Counted {
  return answer?.kind === 'counted';
}
