import Value from 'typebox/value';
import { openResolveContext } from '../../src/config/resolve-context.ts';
import { createDecide, type Decide, type DecisionParts } from '../../src/decision/authenticate.ts';
import { GuessGuard } from '../../src/decision/guesses/guess-guard.ts';
import { Policy } from '../../src/decision/policy/policy.ts';
import { RefusalPace } from '../../src/decision/guesses/refusal-pace.ts';
import { Secret } from '../../src/login/secret.ts';
import { PasswordMarkers } from '../../src/protection/password-markers.ts';
import { type ProtectionConfig, ProtectionSchema, resolveProtection } from '../../src/protection/protection-config.ts';
import type { Blocks } from '../../src/state/blocks.ts';
import type { Counters } from '../../src/state/counters.ts';
import { MemoryBlocks } from '../../src/state/memory/memory-blocks.ts';
import { MemoryCounters } from '../../src/state/memory/memory-counters.ts';

/** The section `protection` with its defaults, changed as asked for. @throws with the problem where it has one */
export function aProtection(settings: object = {}): ProtectionConfig {
  const problem = (path: string, message: string) => {
    throw new Error(`${path}: ${message}`);
  };
  const raw = Value.Parse(ProtectionSchema, Value.Default(ProtectionSchema, { ...settings }));
  return resolveProtection(raw, openResolveContext('/', { problem, warning: () => {} }));
}

/** A clock that stands until it is moved. */
export class StandingClock {
  ms = Date.UTC(2030, 0, 7);

  readonly now = (): number => this.ms;
}

export interface GuardedStores {
  readonly accounts: Counters;
  readonly networks: Counters;
  readonly blocks: Blocks;
}

export interface Guarded {
  readonly decide: Decide;
  readonly policy: Policy;
  readonly clock: StandingClock;
  readonly accounts: MemoryCounters;
  readonly networks: MemoryCounters;
  readonly blocks: MemoryBlocks;
}

/**
 * Decisions under protection, over stores in memory and a clock of their own.
 * @param wrap puts something between the guard and the stores
 * @param isShared as if other processes counted in the same stores
 */
export function guarded(
  parts: Pick<DecisionParts, 'backends'> & Partial<DecisionParts>,
  config = aProtection(),
  wrap: (stores: GuardedStores) => GuardedStores = (stores) => stores,
  isShared = false,
): Guarded {
  const clock = new StandingClock();
  const accounts = new MemoryCounters(1 << 24, clock.now);
  const networks = new MemoryCounters(1 << 24, clock.now);
  const blocks = new MemoryBlocks(10_000, clock.now);
  const guard = new GuessGuard({
    ...wrap({ accounts, networks, blocks }),
    rules: config.guesses,
    markers: new PasswordMarkers(Secret.fromText('a key')),
    now: clock.now,
    ticks: clock.now,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    isShared,
  });
  const protection = { rules: config, guard, pace: new RefusalPace(0) };
  const policy = new Policy({
    protection,
    wait: config.guesses.wait,
    longestDelaySeconds: 10,
    deadline: () => new AbortController().signal,
    now: clock.now,
  });
  const decide = createDecide({
    answersDisabledLookups: new Set(),
    deadline: () => new AbortController().signal,
    now: clock.now,
    protection,
    ...parts,
  });
  return { decide, policy, clock, accounts, networks, blocks };
}
