import type { Counter } from '../state/counters.ts';

/** What is known of accounts and networks, which is no stricter for being less. */
const KNOWLEDGE: ReadonlySet<string> = new Set(['known-networks', 'logins']);
const REPEATS = /^blocks /;

/** Gives counters with a part of their limit, rounded up, where the limit is one of guesses; others stay as they are. */
export function stricterBy(percent: number): (counter: Counter) => Counter {
  return (counter) => {
    if (KNOWLEDGE.has(counter.name) || REPEATS.test(counter.name)) return counter;
    return { ...counter, limit: Math.max(1, Math.ceil((counter.limit * percent) / 100)) };
  };
}
