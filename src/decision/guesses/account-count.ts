import type { RuleFinding } from '../../login/verdict.ts';
import { type AccountBudgetRule, knownCounters, strangerCounter } from '../../protection/account-budget.ts';
import type { Counted, Counter, Counters } from '../../state/counters.ts';
import type { MaybePromise, Unavailable } from '../../state/outcome.ts';
import type { InTurn, Turn } from '../../state/turn.ts';
import type { CountParts, Origin } from './guess-parts.ts';
import type { Hold } from './holds.ts';
import { allOf, andThen } from '../maybe-promise.ts';

export interface AccountCount {
  /** `skipped`: its turn has ended before it. */
  readonly kind: 'counted' | 'over' | 'skipped';
  readonly taken: readonly Hold[];
  readonly findings: readonly RuleFinding[];
  /** Different passwords that were tried, this one included. */
  readonly tried: number;
}

/** What is told where nothing could be counted since the state is away. */
export const UNCOUNTED: RuleFinding = { rule: 'state-unavailable', effect: 'observed' };

const NOT_COUNTED: AccountCount = { kind: 'counted', taken: [], findings: [], tried: 0 };
const SKIPPED: AccountCount = { ...NOT_COUNTED, kind: 'skipped' };

/** Counts a guess by the budgets of its account, and says whether one of them is used up. */
export function countOfAccount(origin: Origin, parts: CountParts, signal: AbortSignal): MaybePromise<AccountCount> {
  const rule = parts.rules.accounts;
  if (rule.mode === 'off') return NOT_COUNTED;
  const counters = countersOf(origin, rule);

  // One after the other: what is taken back was then relied on by nobody else.
  const countFrom = (index: number, before: AccountCount): MaybePromise<AccountCount> => {
    const counter: Counter | undefined = counters[index];
    if (counter === undefined) return before;
    const hold = parts.holds.open(origin, parts.accounts, counter);
    return andThen(parts.holds.hit(hold, signal), (counted) => {
      const after = judged(before, hold, counted, { origin, rule });
      return after.kind === 'over' ? givenBack(after, parts, signal) : countFrom(index + 1, after);
    });
  };
  return countFrom(0, NOT_COUNTED);
}

/** Does what {@link countOfAccount} does where the turn has not ended before; asks for all at once. */
export function countOfAccountInTurn(
  origin: Origin,
  parts: CountParts,
  turn: Turn,
  signal: AbortSignal,
): MaybePromise<AccountCount> {
  const rule = parts.rules.accounts;
  if (rule.mode === 'off') return NOT_COUNTED;
  const held = countersOf(origin, rule).map((counter) => parts.holds.open(origin, parts.accounts, counter));
  const place: InTurn = { turn, isLater: true, endsWhen: rule.mode === 'enforce' ? 'used-up' : undefined };
  return andThen(allOf(held.map((hold) => parts.holds.hit(hold, signal, place))), (answers) => {
    let count = NOT_COUNTED;
    for (const [i, hold] of held.entries()) {
      const counted = answers[i];
      const isOut = counted === undefined || isSkipped(counted);
      count = isOut ? SKIPPED : judged(count, hold, counted, { origin, rule });
      // Where the store failed at some of them, others may have been counted that come later.
      if (count.kind !== 'counted') return givenBack({ ...count, taken: held }, parts, signal);
    }
    return count;
  });
}

/**
 * What {@link countOfAccount} would find; nothing is counted. Names that are not known to be an account's are counted with the
 * networks: who asks by such a name is told the same.
 */
export function lookAtAccount(origin: Origin, parts: CountParts, signal: AbortSignal): MaybePromise<AccountCount> {
  const { guess, knownIn } = origin;
  const rule = parts.rules.accounts;
  if (rule.mode === 'off') return NOT_COUNTED;
  const stranger = strangerCounter(guess, rule);
  const asked: readonly (readonly [Counters, Counter])[] =
    knownIn === undefined
      ? [
          [parts.accounts, stranger],
          [parts.networks, stranger],
        ]
      : knownCounters(guess, knownIn, rule).map((counter) => [parts.accounts, counter]);
  return andThen(allOf(asked.map(([store, counter]) => store.peek(counter, signal))), (answers) => {
    const looks = answers.map((answer, i) => ({ answer, counter: asked[i]?.[1] ?? stranger }));
    const usedUp = looks.find(({ answer, counter }) => isUsedUp(answer, counter))?.counter;
    // Others that the account is known in make nobody wait.
    const tried = Math.max(...answers.slice(0, knownIn === undefined ? 2 : 1).map(countIn));
    if (usedUp === undefined) {
      const findings = answers.every(({ kind }) => kind === 'counted') ? [] : [UNCOUNTED];
      return { ...NOT_COUNTED, tried, findings };
    }
    const isEnforced = rule.mode === 'enforce';
    const findings = [findingOf(origin, usedUp, isEnforced ? 'refused' : 'observed')];
    return { ...NOT_COUNTED, kind: isEnforced ? 'over' : 'counted', tried, findings };
  });
}

function countersOf({ guess, knownIn }: Origin, rule: AccountBudgetRule): readonly Counter[] {
  return knownIn === undefined ? [strangerCounter(guess, rule)] : knownCounters(guess, knownIn, rule);
}

/** The count with one more counter. What was taken by one that is over is to be given back. */
function judged(
  before: AccountCount,
  hold: Hold,
  counted: Counted | Unavailable,
  { origin, rule }: { readonly origin: Origin; readonly rule: AccountBudgetRule },
): AccountCount {
  const after = added(before, hold, counted);
  if (!isUsedUp(counted, hold.counter)) return after;
  const finding = (effect: RuleFinding['effect']) => [findingOf(origin, hold.counter, effect)];
  if (rule.mode === 'observe') return { ...after, findings: finding('observed') };
  return { ...after, kind: 'over', tried: before.tried, findings: finding('refused') };
}

function givenBack(count: AccountCount, parts: CountParts, signal: AbortSignal): MaybePromise<AccountCount> {
  return andThen(parts.holds.giveBack(count.taken, signal), () => ({ ...count, taken: [] }));
}

/** Whether its turn has ended before a hit, or was void. */
export function isSkipped(answer: Counted | Unavailable): boolean {
  return answer.kind === 'counted' && answer.isSkipped === true;
}

function countIn(answer: Counted | Unavailable): number {
  return answer.kind === 'counted' ? answer.count : 0;
}

function added(before: AccountCount, hold: Hold, counted: Counted | Unavailable): AccountCount {
  if (counted.kind === 'unavailable') return { ...before, findings: [UNCOUNTED] };
  const isFirst = before.taken.length === 0;
  return {
    kind: 'counted',
    taken: counted.isOver ? before.taken : isFirst ? [hold] : [...before.taken, hold],
    findings: before.findings,
    // The budget of one network comes first: others that the account is known in make nobody wait.
    tried: isFirst ? counted.count : before.tried,
  };
}

/**
 * Once a budget is used up a password that was tried before is not tried again either: markers are short, and who guesses without
 * end would be let through by chance.
 */
function isUsedUp(counted: Counted | Unavailable, { limit }: Counter): boolean {
  return counted.kind === 'counted' && (counted.isOver || (counted.isKnown && counted.count >= limit));
}

function findingOf({ knownIn }: Origin, { name, limit }: Counter, effect: RuleFinding['effect']): RuleFinding {
  const rule = knownIn === undefined ? 'account' : name === 'all-known-networks' ? 'account-known' : 'account-network';
  return { rule, effect, network: knownIn, count: limit, limit };
}
