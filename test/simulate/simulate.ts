import Value from 'typebox/value';
import { openResolveContext } from '../../src/config/resolve-context.ts';
import { type ProtectionConfig, ProtectionSchema, resolveProtection } from '../../src/protection/protection-config.ts';
import { DAY_MS, type Totals } from './ledger.ts';
import type { Scale, Scenario } from './scenarios/scenario.ts';
import { World } from './world.ts';

export interface Result extends Totals {
  readonly scenario: string;
  /** Most bytes that counters took, as they reckon themselves. */
  readonly bytes: number;
  /** Time that one attempt took in microseconds, all of the simulator included. */
  readonly usPerAttempt: number;
}

/** The protection as it stands without a line of configuration. */
export function standardProtection(): ProtectionConfig {
  const problem = (path: string, message: string) => {
    throw new Error(`${path}: ${message}`);
  };
  const settings = Value.Default(ProtectionSchema, {});
  return resolveProtection(
    Value.Parse(ProtectionSchema, settings),
    openResolveContext('/', { problem, warning: () => {} }),
  );
}

/** Lives through a scenario. */
export function simulate(scenario: Scenario, scale: Scale, protection: ProtectionConfig, seed = 1): Result {
  const world = new World(protection, seed);
  const actors = scenario.build(world, scale);
  const begun = performance.now();
  world.run(actors, scenario.days * DAY_MS);
  const { totals } = world.ledger;
  return {
    scenario: scenario.name,
    ...totals,
    bytes: world.mostBytes,
    usPerAttempt: ((performance.now() - begun) * 1000) / Math.max(1, totals.attempts),
  };
}
