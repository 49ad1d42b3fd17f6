import type { Decision } from '../../../login/verdict.ts';
import type { WholeExchange } from '../exchange.ts';

/** Hands a decision on, at once where it was reached at once. What goes wrong later ends the exchange. */
export function whenDecided(
  exchange: WholeExchange,
  decision: Decision | Promise<Decision>,
  conclude: (decision: Decision) => Promise<void> | void,
): void {
  const concluded = decision instanceof Promise ? decision.then(conclude) : conclude(decision);
  if (concluded instanceof Promise) concluded.catch((cause: unknown) => exchange.fail(cause));
}
