import { EVERYDAY } from './scenarios/everyday.ts';
import type { Result } from './simulate.ts';
import { STANDARD_MEMORY } from './stores.ts';

/** What every change of the rules has to hold, in every scenario. */
export const BARS = {
  guesses: 100,
  ownersRefused: 0,
  officesBlocked: 0,
  longestWaitSeconds: 30,
  sprayedAccounts: 20,
  uncounted: 0,
  bytes: STANDARD_MEMORY.accounts + STANDARD_MEMORY.networks,
} as const satisfies Partial<Record<keyof Result, number>>;

const ABOUT: Readonly<Record<keyof typeof BARS, string>> = {
  guesses: 'guesses at one account within a day',
  ownersRefused: 'owners refused in networks that they are known in',
  officesBlocked: 'blocks of offices',
  longestWaitSeconds: 'seconds that somebody who forgot his password waited',
  sprayedAccounts: 'accounts of a network at which one password was tried',
  uncounted: 'attempts that were not counted',
  bytes: 'bytes of counters',
};

/** The bars that a result does not hold, for people. */
export function missedBars(result: Result): readonly string[] {
  const missed = (Object.keys(BARS) as (keyof typeof BARS)[])
    .filter((bar) => result[bar] > BARS[bar])
    .map((bar) => `${result[bar]} ${ABOUT[bar]}, at most ${BARS[bar]}`);
  const isEveryday = EVERYDAY.some(({ name }) => name === result.scenario);
  if (isEveryday && result.ownersRefusedElsewhere > 0)
    missed.push(`${result.ownersRefusedElsewhere} owners refused although nobody attacks`);
  return missed;
}
