import { knownCounters } from '../../protection/account-budget.ts';
import { sprayingCounterOf } from '../../protection/spraying.ts';
import type { Counted } from '../../state/counters.ts';
import type { MaybePromise, Unavailable } from '../../state/outcome.ts';
import type { GuessParts, Origin } from './guess-parts.ts';
import { allOf, andThen } from '../maybe-promise.ts';
import type { Hold } from './holds.ts';
import type { Reservation } from './reservation.ts';

/**
 * Reserves nothing for the password that was right here a short while ago: it is no guess. Were limits not looked at, who guesses
 * could tell it from the others once they are used up; so there is none where a limit is reached.
 */
export function expectedReservation(
  { guess, around, knownIn = '', isSpared }: Origin,
  { rules, accounts, networks, ticks }: GuessParts,
  signal: AbortSignal,
): MaybePromise<Reservation | undefined> {
  const ofAccount: Hold[] = [];
  if (rules.accounts.mode !== 'off') {
    for (const counter of knownCounters(guess, knownIn, rules.accounts))
      ofAccount.push({ guess, store: accounts, counter, isNew: false, isOpen: false, isHeld: false });
  }
  const spraying = isSpared ? undefined : sprayingCounterOf(guess, around.sprayedFrom, rules.spraying);
  const ofNetworks: Hold[] =
    spraying === undefined
      ? []
      : [{ guess, store: networks, counter: spraying.counter, isNew: false, isOpen: false, isHeld: false }];
  const looks = [...ofAccount, ...ofNetworks].map(({ store, counter }) => store.peek(counter, signal));
  return andThen(allOf(looks), (looked) => {
    if (!looked.every((one, i) => isBelow(one, (ofAccount[i] ?? ofNetworks[0])?.counter.limit ?? 0))) return undefined;
    const [here] = looked;
    const tried = here?.kind === 'counted' && ofAccount.length > 0 ? here.count + 1 : 0;
    // Should the password be wrong by now, it is counted then, as what was counted before it is.
    const admittedAt = ticks();
    return { guess, ofNetworks, ofAccount, tried, admittedAt, isInKnownNetwork: true, isExpected: true };
  });
}

function isBelow(looked: Counted | Unavailable, limit: number): boolean {
  return looked.kind === 'counted' && looked.count < limit;
}
