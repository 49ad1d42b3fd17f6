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
import { SurroundingsOfAddresses } from '../../protection/surroundings.ts';
import type { Traces } from '../../protection/traces.ts';
import type { MaybePromise } from '../../state/outcome.ts';
import type { Place } from '../../state/turn.ts';
import type { Ahead } from './ahead.ts';
import { lookAtAccount } from './account-count.ts';
import { expectedReservation } from './expected-reservation.ts';
import { type Familiar, FamiliarLogins } from './familiar-logins.ts';
import { type Approach, Foresight } from './foresight.ts';
import { type Admission, GuessCount } from './guess-count.ts';
import type { CountParts, GuessParts, Origin } from './guess-parts.ts';
import { GuessSettlement, type Outcome } from './guess-settlement.ts';
import { andThen } from '../maybe-promise.ts';
import { Holds } from './holds.ts';
import { type Met, Meetings, type Refused } from './meetings.ts';
import { NetworkCrowd } from './network-crowd.ts';
import type { Reservation } from './reservation.ts';

/** What can be said of a guess of which nothing was counted. */
export type Look = Exclude<Admission, { kind: 'crowded' }>;

/** An attempt whose name and password are usable. */
export interface Login {
  readonly attempt: Attempt;
  readonly name: AccountName;
  readonly password: Secret;
}

type Whose = Pick<Origin, 'guess' | 'isSpared'>;

const MAX_ALIASES = 100_000;
const NONE: readonly RuleFinding[] = [];

export class GuessGuard {
  readonly #parts: CountParts;
  /** Login names that have led to an account of another name. */
  readonly #aliases = new LRUCache<string, string>({ max: MAX_ALIASES });
  readonly #familiar: FamiliarLogins;
  readonly #settlement: GuessSettlement;
  readonly #crowd: NetworkCrowd;
  readonly #meetings: Meetings;
  readonly #foresight: Foresight;
  readonly #count: GuessCount;

  constructor(parts: GuessParts) {
    this.#parts = { ...parts, holds: new Holds(parts.isShared) };
    this.#crowd = new NetworkCrowd(this.#parts);
    this.#meetings = new Meetings(parts, new SurroundingsOfAddresses(parts.rules));
    this.#count = new GuessCount(this.#parts, this.#crowd, this.#meetings);
    this.#foresight = new Foresight(this.#parts, this.#meetings);
    this.#familiar = new FamiliarLogins(parts.rules.knownNetworks, parts.ticks);
    this.#settlement = new GuessSettlement(this.#parts, this.#familiar, (guess, account) =>
      this.#noteAccount(guess, account),
    );
  }

  /**
   * Refuses an attempt where a block by hand holds, whatever is remembered of it; counts nothing. Where blocks are shared with
   * others that is a question to the store.
   */
  checkByHand({ clientAddress }: Attempt, name: AccountName, signal: AbortSignal): MaybePromise<Refused | undefined> {
    if (this.#parts.blocks.isEmpty === true) return undefined;
    return this.#meetings.refusedByHand({ accountKey: this.#accountKeyOf(name), address: clientAddress }, signal);
  }

  /**
   * Asks what there is to know of an attempt before it is counted; `admit` need not ask it again. Who waits for another answer of
   * a store that is shared asks this at the same time.
   */
  meet(attempt: Attempt, name: AccountName, signal: AbortSignal): MaybePromise<Met> {
    const whose = this.#whoseOf(this.#guessOf(attempt, name, ''), name);
    const familiar = this.#familiar.recall(whose.guess);
    return familiar === undefined
      ? this.#meetings.withStranger(whose, attempt, signal)
      : this.#meetings.withFamiliar(whose, familiar.knownIn, signal);
  }

  /**
   * Meets somebody whose login is unlikely to be remembered: what would be asked of his guess then is asked at the same time. What
   * is counted so and not taken by {@link admitMet} is to be dismissed.
   * @param remembered where others would remember the login: where they do, nothing is counted
   */
  approach({ attempt, name, password }: Login, remembered: Place, signal: AbortSignal): Approach {
    const guess = this.#guessOf(attempt, name, this.#parts.markers.markerOf(password));
    return this.#approach(this.#whoseOf(guess, name), attempt, [remembered], signal);
  }

  /** Whether blocks are shared with others. */
  get isShared(): boolean {
    return this.#parts.isShared;
  }

  /** Counts an attempt, or refuses it. What cannot be counted since the state is away is let through and told. */
  admit(attempt: Attempt, name: AccountName, password: Secret, signal: AbortSignal): MaybePromise<Admission> {
    return this.#admit(attempt, name, this.#guessOf(attempt, name, this.#parts.markers.markerOf(password)), signal);
  }

  /** Does what `admit` does, with an attempt of which `meet` or `approach` was asked. */
  admitMet(met: Met, password: Secret, signal: AbortSignal, ahead?: Ahead): MaybePromise<Admission> {
    if (met.kind === 'kept-out') return met.refused;
    const { accountKey, address } = met.origin.guess;
    const guess = guessAt(accountKey, this.#parts.markers.markerOf(password), address);
    return this.#admitAt({ ...met.origin, guess }, ahead, signal);
  }

  /** Counts an attempt whose password is known by a mark of {@link markOfTold} alone. */
  admitTold(attempt: Attempt, name: AccountName, mark: string, signal: AbortSignal): MaybePromise<Admission> {
    return andThen(this.#admit(attempt, name, this.#guessOf(attempt, name, mark), signal), (admission) => {
      if (admission.kind === 'admitted') this.hold(admission.reservation);
      return admission;
    });
  }

  /** What tells a password from others at one account, of which a mail server tells a hash. */
  markOfTold(passwordHash: string): string {
    return this.#parts.markers.markerOfTold(passwordHash);
  }

  /**
   * Judges an attempt as `admit` does, and counts nothing; networks beyond a limit are blocked as there. The reservation holds
   * nothing and is not to be settled; `tried` are the passwords that have failed before.
   */
  look(attempt: Attempt, name: AccountName, mark: string, signal: AbortSignal): MaybePromise<Look> {
    const whose = this.#whoseOf(this.#guessOf(attempt, name, mark), name);
    const familiar = this.#familiar.recall(whose.guess);
    const isExpected = familiar?.marker === mark;
    const met =
      familiar === undefined
        ? this.#meetings.withStranger(whose, attempt, signal)
        : this.#meetings.withFamiliar(whose, familiar.knownIn, signal);
    return andThen(
      met,
      (known): MaybePromise<Look> =>
        known.kind === 'kept-out' ? known.refused : this.#lookAt(known.origin, isExpected, signal),
    );
  }

  /** A mail server has found a password right by itself. */
  noteProven(attempt: Attempt, name: AccountName, mark: string, signal: AbortSignal): void {
    const guess = this.#guessOf(attempt, name, mark);
    if (this.#familiar.recall(guess)?.marker !== mark) this.#settlement.noteProven(guess, name, signal);
  }

  /** Whether the account has logged in before, as far as is remembered. Without an address that cannot be told. */
  isKnown(attempt: Attempt, name: AccountName, signal: AbortSignal): MaybePromise<boolean> {
    const { rules, accounts } = this.#parts;
    const known = knownNetworkCounter(this.#guessOf(attempt, name, ''), rules.knownNetworks);
    if (known === undefined) return false;
    return andThen(accounts.peek(known, signal), (answer) => answer.kind === 'counted' && answer.count > 0);
  }

  #guessOf({ clientAddress }: Attempt, name: AccountName, marker: string): Guess {
    return guessAt(this.#accountKeyOf(name), marker, clientAddress);
  }

  #accountKeyOf(name: AccountName): string {
    const key = accountKeyOf(name);
    return this.#aliases.get(key) ?? key;
  }

  #whoseOf(guess: Guess, name: AccountName): Whose {
    return { guess, isSpared: this.#parts.spares?.(name) === true };
  }

  #admit(attempt: Attempt, name: AccountName, guess: Guess, signal: AbortSignal): MaybePromise<Admission> {
    const whose = this.#whoseOf(guess, name);
    if (this.#parts.isShared) return this.#admitInOneTrip(this.#approach(whose, attempt, [], signal), signal);
    const familiar = this.#familiar.recall(guess);
    if (familiar !== undefined) return this.#greet(whose, familiar, signal);
    return andThen(this.#meetings.withStranger(whose, attempt, signal), (met) =>
      met.kind === 'kept-out' ? met.refused : this.#count.count(met.origin, signal),
    );
  }

  #approach(whose: Whose, attempt: Attempt, remembered: readonly Place[], signal: AbortSignal): Approach {
    const familiar = this.#familiar.recall(whose.guess);
    return familiar === undefined
      ? this.#foresight.meetStranger(whose, attempt, remembered, signal)
      : this.#foresight.meetFamiliar(whose, familiar, remembered, signal);
  }

  #admitInOneTrip({ met, ahead }: Approach, signal: AbortSignal): MaybePromise<Admission> {
    return andThen(met, (known): MaybePromise<Admission> => {
      if (known.kind === 'met') return this.#admitAt(known.origin, ahead, signal);
      ahead?.dismiss();
      return known.refused;
    });
  }

  /** Counts a guess that comes from there, where it was not counted ahead as such a one. */
  #admitAt(met: Origin, ahead: Ahead | undefined, signal: AbortSignal): MaybePromise<Admission> {
    const { guess, isSpared } = met;
    const familiar = this.#familiar.recall(guess);
    const isExpected = familiar?.marker === guess.marker;
    const origin = isExpected ? this.#meetings.originOf({ guess, isSpared }, familiar.knownIn) : met;
    const taken = ahead?.take(origin);
    if (taken?.kind === 'counted') return this.#count.adopt(taken, signal);
    if (!isExpected) return this.#count.count(origin, signal);
    return this.#expect(origin, taken?.reservation ?? expectedReservation(origin, this.#parts, signal), signal);
  }

  /** Somebody who has logged in from here a short while ago: only blocks by hand hold against him, and budgets of his own. */
  #greet(whose: Whose, familiar: Familiar, signal: AbortSignal): MaybePromise<Admission> {
    const origin = this.#meetings.originOf(whose, familiar.knownIn);
    const byHand = this.#meetings.refusedByHand(whose.guess, signal);
    const expected =
      familiar.marker === whose.guess.marker ? expectedReservation(origin, this.#parts, signal) : undefined;
    return andThen(byHand, (refused) => refused ?? this.#expect(origin, expected, signal));
  }

  /** Counts nothing of what is no guess. */
  #expect(
    origin: Origin,
    expected: MaybePromise<Reservation | undefined>,
    signal: AbortSignal,
  ): MaybePromise<Admission> {
    return andThen(
      expected,
      (reservation): MaybePromise<Admission> =>
        reservation === undefined
          ? this.#count.count(origin, signal)
          : { kind: 'admitted', reservation, observed: NONE },
    );
  }

  /** The outcome of an admitted guess will be known only after others have had their turn: they are told of what it holds. */
  hold({ ofNetworks, ofAccount }: Reservation): void {
    this.#parts.holds.hold(ofNetworks);
    this.#parts.holds.hold(ofAccount);
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

  #lookAt(origin: Origin, isExpected: boolean, signal: AbortSignal): MaybePromise<Look> {
    return andThen(this.#crowd.look(origin, signal), (ofNetworks): MaybePromise<Look> => {
      if (ofNetworks.kind === 'refused') return this.#meetings.refused(ofNetworks.findings);
      return andThen(lookAtAccount(origin, this.#parts, signal), (ofAccount): Look => {
        const observed = [...ofNetworks.findings, ...ofAccount.findings];
        if (ofAccount.kind === 'over') return this.#meetings.refused(observed);
        const reservation: Reservation = {
          guess: origin.guess,
          ofNetworks: [],
          ofAccount: [],
          tried: isExpected ? 0 : ofAccount.tried,
          admittedAt: this.#parts.ticks(),
          isInKnownNetwork: origin.knownIn !== undefined,
          isExpected,
        };
        return { kind: 'admitted', reservation, observed };
      });
    });
  }
}
