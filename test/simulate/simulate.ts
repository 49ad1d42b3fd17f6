import { aProtection } from '../support/protection.ts';
import type { ProtectionConfig } from '../../src/protection/protection-config.ts';
import type { RedisState } from '../../src/state/redis/redis-state.ts';
import { FastClock, JumpingClock } from './clocks.ts';
import { fasterRules } from './faster-rules.ts';
import { DAY_MS, type Totals } from './ledger.ts';
import type { Scale, Scenario } from './scenarios/scenario.ts';
import { type Memory, STANDARD_MEMORY, storesInMemory, storesInRedis } from './stores.ts';
import { World } from './world.ts';

export interface Result extends Totals {
  readonly scenario: string;
  /** Most bytes that counters took, as they reckon themselves; 0 where they are not in memory. */
  readonly bytes: number;
  /** Time that one attempt took in microseconds, all of the simulator included. */
  readonly usPerAttempt: number;
}

export interface Run {
  readonly scale: Scale;
  readonly rules: ProtectionConfig;
  readonly seed?: number;
  readonly memory?: Memory;
}

/** The protection as it stands without a line of configuration. */
export function standardProtection(): ProtectionConfig {
  return aProtection();
}

/** Lives through a scenario with stores in memory and a clock that jumps. */
export function simulate(
  scenario: Scenario,
  { scale, rules, seed = 1, memory = STANDARD_MEMORY }: Run,
): Promise<Result> {
  const clock = new JumpingClock();
  const world = new World({ rules, seed, clock, stores: storesInMemory(clock, memory) });
  return live({ scenario, world, scale, days: scenario.days });
}

/** Days of the world take so many seconds where the stores have a clock of their own. */
const SECONDS_A_DAY = 10;
const MOST_DAYS = 2;

/**
 * Lives through a scenario with two processes that count in a real Redis. Its clock cannot be moved: the world and its rules are as
 * many times as fast instead, for two days at most.
 */
export function simulateShared(
  scenario: Scenario,
  redis: RedisState,
  { scale, rules, seed = 1 }: Run,
): Promise<Result> {
  const speed = DAY_MS / 1000 / SECONDS_A_DAY;
  const clock = new FastClock(speed);
  const world = new World({ rules: fasterRules(rules, speed), seed, clock, stores: storesInRedis(redis) });
  return live({ scenario, world, scale, days: Math.min(scenario.days, MOST_DAYS) });
}

interface Life {
  readonly scenario: Scenario;
  readonly world: World;
  readonly scale: Scale;
  readonly days: number;
}

async function live({ scenario, world, scale, days }: Life): Promise<Result> {
  const actors = scenario.build(world, scale);
  const begun = performance.now();
  await world.run(actors, days * DAY_MS);
  const { totals } = world.ledger;
  return {
    scenario: scenario.name,
    ...totals,
    bytes: world.mostBytes,
    usPerAttempt: ((performance.now() - begun) * 1000) / Math.max(1, totals.attempts),
  };
}
