import { DAY_MS } from '../ledger.ts';
import type { Actor, World } from '../world.ts';

export const HOUR_MS = DAY_MS / 24;
export const MINUTE_MS = 60_000;

/** Scaled down so that all of them take seconds, or as large as their names say. */
export type Scale = 'small' | 'full';

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
