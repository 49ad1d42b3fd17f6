import { LRUCache } from 'lru-cache';
import { type Guess, type KnownNetworksRule, knownNetworkCounter } from '../../protection/account-budget.ts';
import { overlap } from '../../protection/network-prefix.ts';
import type { Traces } from '../../protection/traces.ts';

/** An account that has logged in from an address a short while ago. */
export interface Familiar {
  /** The network that it is known in. */
  readonly knownIn: string;
  /** The marker of the password that was right. */
  readonly marker: string;
  /** Clock that never goes back, in milliseconds. */
  readonly endsAt: number;
}

const LIFETIME_MS = 60 * 60 * 1000;
const MAX_FAMILIAR = 50_000;

/**
 * Accounts with the addresses that they have logged in from within the hour, so that what is certain need not be asked again at
 * every login of a program that logs in all the time. Nothing gets in here but by a right password. About 200 bytes each.
 */
export class FamiliarLogins {
  readonly #familiar = new LRUCache<string, Familiar>({ max: MAX_FAMILIAR });
  readonly #rule: KnownNetworksRule;
  readonly #ticks: () => number;

  constructor(rule: KnownNetworksRule, ticks: () => number) {
    this.#rule = rule;
    this.#ticks = ticks;
  }

  recall(guess: Guess): Familiar | undefined {
    const familiar = this.#familiar.get(keyOf(guess));
    return familiar !== undefined && familiar.endsAt > this.#ticks() ? familiar : undefined;
  }

  /** The password of the guess was right. */
  remember(guess: Guess): void {
    const knownIn = knownNetworkCounter(guess, this.#rule)?.member;
    if (knownIn === undefined) return;
    const endsAt = this.#ticks() + Math.min(LIFETIME_MS, this.#rule.windowMs);
    this.#familiar.set(keyOf(guess), { knownIn, marker: guess.marker, endsAt });
  }

  forget(guess: Guess): void {
    this.#familiar.delete(keyOf(guess));
  }

  /** Forgets logins of accounts, and those out of networks. Looks at all that there are. */
  forgetThose({ accounts, networks }: Traces): void {
    for (const [key, { knownIn }] of this.#familiar.entries()) {
      const accountKey = key.slice(0, key.lastIndexOf(' '));
      if (accounts.includes(accountKey) || networks.some((network) => overlap(network, knownIn)))
        this.#familiar.delete(key);
    }
  }
}

function keyOf({ accountKey, address }: Guess): string {
  return `${accountKey} ${address ?? ''}`;
}
