import type { RuleFinding } from '../../login/verdict.ts';
import { knownCounters, strangerCounter } from '../../protection/account-budget.ts';
import type { Counted, Counter } from '../../state/counters.ts';
import type { MaybePromise, Unavailable } from '../../state/outcome.ts';
import type { CountParts, Origin } from './guess-parts.ts';
import type { Hold } from './holds.ts';
import { andThen } from '../maybe-promise.ts';

export interface AccountCount {
  readonly kind: 'counted' | 'over';
  readonly taken: readonly Hold[];
  readonly findings: readonly RuleFinding[];
  /** Different passwords that were tried, this one included. */
  readonly tried: number;
}

/** What is told where nothing could be counted since the state is away. */
export const UNCOUNTED: RuleFinding = { rule: 'state-unavailable', effect: 'observed' };

const NOT_COUNTED: AccountCount = { kind: 'counted', taken: [], findings: [], tried: 0 };

/** Counts a guess by the budgets of its account, and says whether one of them is used up. */
export function countOfAccount(origin: Origin, parts: CountParts, signal: AbortSignal): MaybePromise<AccountCount> {
  const { guess, knownIn } = origin;
  const rule = parts.rules.accounts;
  if (rule.mode === 'off') return NOT_COUNTED;
  const counters = knownIn === undefined ? [strangerCounter(guess, rule)] : knownCounters(guess, knownIn, rule);

  // One after the other: what is taken back was then relied on by nobody else.
  const countFrom = (index: number, before: AccountCount): MaybePromise<AccountCount> => {
    const counter: Counter | undefined = counters[index];
    if (counter === undefined) return before;
    const hold = parts.holds.open(guess, parts.accounts, counter);
    return andThen(parts.holds.hit(hold, signal), (counted) => {
      const after = added(before, hold, counted);
      if (!isUsedUp(counted, counter)) return countFrom(index + 1, after);
      const finding = (effect: RuleFinding['effect']) => [findingOf(origin, counter, effect)];
      if (rule.mode === 'observe') return countFrom(index + 1, { ...after, findings: finding('observed') });
      const over: AccountCount = { ...before, kind: 'over', findings: finding('refused') };
      return andThen(parts.holds.giveBack(after.taken, signal), () => over);
    });
  };
  return countFrom(0, NOT_COUNTED);
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
