import { DAY_MS } from './ledger.ts';
import type { Actor, World } from './world.ts';

const MINUTE_MS = 60_000;

/** Where somebody is at a time. */
export type Whereabouts = (nowMs: number) => string;

export interface Habits {
  readonly account: string;
  readonly at: Whereabouts;
  /** Time between logins; each varies by half of it. */
  readonly everyMs: number;
  readonly firstAtMs?: number;
  /** Share of logins that begin with a typing error. */
  readonly mistypes?: number;
  readonly by?: 'owner' | 'victim';
}

/** Somebody, or his program, who logs in now and then with his password. */
export function owner({ account, at, everyMs, firstAtMs = 0, mistypes = 0, by = 'owner' }: Habits): Actor {
  let nextAtMs = firstAtMs;
  let errors = 0;
  return {
    get nextAtMs() {
      return nextAtMs;
    },
    async act(world) {
      const login = { account, address: at(world.nowMs), by };
      const right = world.passwordOf(account);
      if (world.random() < mistypes) {
        errors += 1;
        const { random } = world;
        await world.login({ ...login, password: `${right}${'xyz'[Math.floor(random() * 3)]}${errors % 2}` });
      }
      await world.login({ ...login, password: right });
      nextAtMs = world.nowMs + everyMs * (0.75 + world.random() / 2);
    },
  };
}

/** A program with an old password that tries again and again, and nobody looks. */
export function oldPhone(habits: Omit<Habits, 'mistypes'>): Actor {
  let nextAtMs = habits.firstAtMs ?? 0;
  return {
    get nextAtMs() {
      return nextAtMs;
    },
    async act(world) {
      const { account, at, everyMs } = habits;
      await world.login({ account, password: `old password of ${account}`, address: at(world.nowMs), by: 'owner' });
      nextAtMs = world.nowMs + everyMs * (0.75 + world.random() / 2);
    },
  };
}

/** Somebody who tries so many passwords before the right one comes to his mind, and waits when he is told to. */
export function forgetful(account: string, address: string, tries: number, firstAtMs = 0): Actor {
  const actor = { nextAtMs: firstAtMs, isToFinish: true, act };
  let tried = 0;
  let waited = 0;
  async function act(world: World): Promise<void> {
    const isRight = tried === tries;
    const password = isRight ? world.passwordOf(account) : `was it ${tried}?`;
    const verdict = await world.login({ account, password, address, by: 'owner' });
    if (!isRight) waited += verdict.kind === 'refuse' ? (verdict.waitSeconds ?? 0) : 0;
    else if (verdict.kind === 'accept') world.ledger.waited(waited);
    else world.ledger.waited(Number.POSITIVE_INFINITY);
    tried += 1;
    const pause = verdict.kind === 'refuse' ? (verdict.waitSeconds ?? 0) * 1000 : 0;
    actor.nextAtMs = isRight ? Number.POSITIVE_INFINITY : world.nowMs + 10_000 + pause;
  }
  return actor;
}

/** Always the same address. */
export function stays(address: string): Whereabouts {
  return () => address;
}

/** At one address by day and at another by night. */
export function commutes(office: string, home: string): Whereabouts {
  return (nowMs) => {
    const hour = (nowMs % DAY_MS) / (60 * MINUTE_MS);
    return hour >= 8 && hour < 17 ? office : home;
  };
}

/** Another address each day. */
export function changesDaily(addressOfDay: (day: number) => string): Whereabouts {
  return (nowMs) => addressOfDay(Math.floor(nowMs / DAY_MS));
}
