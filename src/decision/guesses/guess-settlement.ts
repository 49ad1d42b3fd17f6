import type { AccountName } from '../../login/account-name.ts';
import type { Verdict } from '../../login/verdict.ts';
import { type Guess, guessAt, knownNetworkCounter, strangerCounter } from '../../protection/account-budget.ts';
import { accountKeyOf } from '../../protection/account-key.ts';
import { guessOutcomeOf } from '../../protection/guess-outcome.ts';
import { failedCounter } from '../../protection/network-ladder.ts';
import { sharedAddressCounter } from '../../protection/shared-address.ts';
import { waitAfter } from '../../protection/wait.ts';
import type { Counted } from '../../state/counters.ts';
import type { MaybePromise, Unavailable } from '../../state/outcome.ts';
import type { FamiliarLogins } from './familiar-logins.ts';
import type { CountParts } from './guess-parts.ts';
import type { Hold } from './holds.ts';
import { allOf, andThen } from '../maybe-promise.ts';
import type { Reservation } from './reservation.ts';

type Refusal = Extract<Verdict, { kind: 'refuse' }>;

/** A guess whose outcome is known. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly reservation: Reservation;
  readonly signal: AbortSignal;
}

/** Remembers what guesses have led to. */
export class GuessSettlement {
  readonly #parts: CountParts;
  readonly #familiar: FamiliarLogins;
  readonly #noteAccount: (guess: Guess, account: AccountName) => string;

  /** @param familiar told of right passwords
   * @param noteAccount told which account a guess has led to; gives the key of that account */
  constructor(
    parts: CountParts,
    familiar: FamiliarLogins,
    noteAccount: (guess: Guess, account: AccountName) => string,
  ) {
    this.#parts = parts;
    this.#familiar = familiar;
    this.#noteAccount = noteAccount;
  }

  /** Takes back what does not count, and adds what the client is to wait. */
  settle(outcome: Outcome): MaybePromise<Verdict> {
    const { verdict, reservation, signal } = outcome;
    switch (guessOutcomeOf(verdict)) {
      case 'right':
        if (reservation.isExpected) return verdict;
        // Nobody who is let in waits for the books.
        this.#forgetProven(reservation, signal);
        if (verdict.kind === 'accept') this.#noteLogin(verdict, reservation, signal);
        return verdict;
      case 'wrong':
        return verdict.kind === 'refuse' ? this.#settleWrong(verdict, outcome) : verdict;
      case 'nobody':
        return verdict.kind === 'refuse' ? this.#settleNobody(verdict, outcome) : verdict;
      case 'undecided':
        this.#forget(reservation, signal);
        return verdict;
    }
  }

  /** A password was right that nobody here has seen, and nothing was counted for it. */
  noteProven(guess: Guess, account: AccountName, signal: AbortSignal): void {
    const accountKey = this.#noteAccount(guess, account);
    const { accounts, networks, rules } = this.#parts;
    const proven = accountKey === guess.accountKey ? guess : guessAt(accountKey, guess.marker, guess.address);
    this.#familiar.remember(proven);
    const known = knownNetworkCounter(proven, rules.knownNetworks);
    if (known !== undefined) void accounts.hit(known, signal);
    if (guess.address === undefined || rules.sharedAddresses.accounts === 0) return;
    void networks.hit(sharedAddressCounter(accountKey, guess.address, rules.sharedAddresses), signal);
  }

  #forget({ ofNetworks, ofAccount }: Reservation, signal: AbortSignal): void {
    void this.#parts.holds.giveBack(ofNetworks, signal);
    void this.#parts.holds.giveBack(ofAccount, signal);
  }

  #forgetProven({ ofNetworks, ofAccount }: Reservation, signal: AbortSignal): void {
    const { holds } = this.#parts;
    void holds.giveBackProven(ofNetworks, signal);
    void holds.giveBackProven(ofAccount, signal);
  }

  /** What a master knows of passwords says nothing of where the owner comes from. */
  #noteLogin(
    { account, master }: Extract<Verdict, { kind: 'accept' }>,
    { guess }: Reservation,
    signal: AbortSignal,
  ): void {
    if (master === undefined) this.noteProven(guess, account.name, signal);
  }

  #settleWrong(verdict: Refusal, { reservation, signal }: Outcome): MaybePromise<Verdict> {
    const { guess, ofNetworks, ofAccount, tried } = reservation;
    const { accounts, holds, rules } = this.#parts;
    if (reservation.isExpected) this.#familiar.forget(guess);
    const recounted = [...this.#keepOfNetworks(ofNetworks, signal), ...holds.keep(ofAccount, signal)];
    // Whose password it was turns out only now, where a master or an alias was tried.
    const whose = verdict.master ?? verdict.account;
    const key = whose === undefined ? guess.accountKey : accountKeyOf(whose);
    if (verdict.master === undefined && whose !== undefined) this.#noteAccount(guess, whose);
    if (key !== guess.accountKey && rules.accounts.mode !== 'off')
      recounted.push(accounts.hit(strangerCounter(guessAt(key, guess.marker, guess.address), rules.accounts), signal));
    return andThen(allOf(recounted), () => this.#waiting(verdict, tried));
  }

  /** Names that nobody has are counted elsewhere, so that what is known of accounts is not crowded out by them. */
  #settleNobody(verdict: Refusal, { reservation, signal }: Outcome): MaybePromise<Verdict> {
    const { holds, networks, rules } = this.#parts;
    const recounted = this.#keepOfNetworks(reservation.ofNetworks, signal);
    return andThen(allOf([...recounted, holds.giveBack(reservation.ofAccount, signal)]), () => {
      if (rules.accounts.mode === 'off') return verdict;
      const counted = networks.hit(strangerCounter(reservation.guess, rules.accounts), signal);
      return andThen(counted, (answer) => this.#waiting(verdict, triedOf(answer)));
    });
  }

  /** Who shares the counters is told which guesses have failed: here it is known. */
  #keepOfNetworks(ofNetworks: readonly Hold[], signal: AbortSignal): MaybePromise<unknown>[] {
    const { holds, networks, isShared } = this.#parts;
    const kept = holds.keep(ofNetworks, signal);
    if (isShared) for (const { counter } of ofNetworks) kept.push(networks.hit(failedCounter(counter), signal));
    return kept;
  }

  #waiting(verdict: Refusal, tried: number): Verdict {
    const waitSeconds = waitAfter(tried, this.#parts.rules.wait);
    return waitSeconds === 0 ? verdict : { ...verdict, waitSeconds };
  }
}

/** Beyond the limit an account is not asked about either, and its clients wait as long as can be. */
function triedOf(answer: Counted | Unavailable): number {
  if (answer.kind !== 'counted') return 0;
  return answer.isOver ? Number.POSITIVE_INFINITY : answer.count;
}
