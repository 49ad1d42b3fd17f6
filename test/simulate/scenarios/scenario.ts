import { DAY_MS } from '../ledger.ts';
import type { Actor, World } from '../world.ts';

export const HOUR_MS = DAY_MS / 24;
export const MINUTE_MS = 60_000;

/** Scaled down so that all of them take seconds, further down for stores that take longer, or as large as their names say. */
export type Scale = 'tiny' | 'small' | 'full';

export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly days: number;
  /** Accounts, and who uses and attacks them. */
  build(world: World, scale: Scale): readonly Actor[];
}

/** So many accounts with passwords of their own; gives their names. */
export function addAccounts(world: World, count: number, domain = 'example.test'): readonly string[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `user${i}@${domain}`;
    world.addAccount(name, `right ${i}`);
    return name;
  });
}

/** Attempts of an attack that has so many at full size. */
export function attemptsAt(scale: Scale, full: number): number {
  return Math.min(full, { tiny: 400, small: 15_000, full: Number.POSITIVE_INFINITY }[scale]);
}

/** Time between logins of somebody: longer where few are to be made. */
export function pace(scale: Scale, everyMs: number): number {
  return scale === 'tiny' ? 6 * everyMs : everyMs;
}
