import type { Actor, World } from './world.ts';

export interface Attack {
  /** Of the n-th attempt, from 0. */
  readonly account: (n: number) => string;
  readonly password: (n: number, world: World) => string;
  readonly address: (n: number) => string;
  readonly attempts: number;
  readonly perSecond: number;
  readonly beginsAtMs: number;
}

/** Tries again and again, and never waits. */
export function attacker({ account, password, address, attempts, perSecond, beginsAtMs }: Attack): Actor {
  const actor = {
    nextAtMs: attempts === 0 ? Number.POSITIVE_INFINITY : beginsAtMs,
    isImpatient: true,
    isToFinish: true,
    act,
  };
  let made = 0;
  async function act(world: World): Promise<void> {
    const n = made;
    made += 1;
    actor.nextAtMs = made < attempts ? beginsAtMs + (made * 1000) / perSecond : Number.POSITIVE_INFINITY;
    await world.login({ account: account(n), password: password(n, world), address: address(n), by: 'attacker' });
  }
  return actor;
}

/** A different wrong password each time. */
export function guess(n: number): string {
  return `guess ${n}`;
}

/** Addresses of a botnet: each in another network of IPv4, as far as they go round. */
export function botAddress(bots: number): (n: number) => string {
  return (n) => {
    // Multiplied by an odd number, all of the bits are used before any of them comes again.
    const mixed = Math.imul(n % bots, 0x9e3779b1) >>> 0;
    return `${1 + ((mixed >>> 24) % 9)}.${(mixed >>> 16) & 255}.${(mixed >>> 8) & 255}.${mixed & 255}`;
  };
}

/** Addresses of one network of IPv6 with 80 bits to choose from, another one each time. */
export function withinPrefix48(prefix: string): (n: number) => string {
  return (n) => `${prefix}:${((n * 40503) & 0xffff).toString(16)}:${((n & 0xffff) | 0x1000).toString(16)}:1:1:1`;
}
