import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Protection } from '../decision/authenticate.ts';
import { GuessGuard } from '../decision/guesses/guess-guard.ts';
import { Policy } from '../decision/policy/policy.ts';
import { RefusalPace } from '../decision/guesses/refusal-pace.ts';
import { Secret } from '../login/secret.ts';
import { PasswordMarkers } from '../protection/password-markers.ts';
import { stricterBy } from '../protection/stricter-limits.ts';
import type { Blocks } from '../state/blocks.ts';
import type { Counters } from '../state/counters.ts';
import { MemoryBlocks } from '../state/memory/memory-blocks.ts';
import { MemoryCounters } from '../state/memory/memory-counters.ts';
import type { RedisState } from '../state/redis/redis-state.ts';
import { StandbyBlocks } from '../state/standby-blocks.ts';
import { StandbyCounters } from '../state/standby-counters.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Facts } from './facts.ts';

/** Refusals that wait at a time; each is a timer. */
const MAX_WAITING = 4096;

/** What this process has counted and blocked. It outlives a change of the configuration: attackers must not gain by one. */
export interface CountedHere {
  readonly accounts: MemoryCounters;
  readonly networks: MemoryCounters;
  readonly blocks: MemoryBlocks;
  readonly pace: RefusalPace;
  /** Tells passwords apart where no secret is shared. */
  readonly secret: Secret;
}

export function openCountedHere({ state: { memory } }: Config, metrics: Metrics): CountedHere {
  const accounts = new MemoryCounters(memory.accountCountersMaxBytes);
  const networks = new MemoryCounters(memory.countersMaxBytes);
  const pace = new RefusalPace(MAX_WAITING);
  metrics.addGauge('protection_accounts', 'Accounts that something is counted of.', () => accounts.size);
  metrics.addGauge('protection_networks', 'Networks that something is counted of.', () => networks.size);
  metrics.addGauge('protection_bytes', 'About how much memory counters take.', () => accounts.bytes + networks.bytes);
  metrics.addGauge('refusals_waiting', 'Refusals that are held back for a moment.', () => pace.waiting);
  const secret = Secret.fromText(randomBytes(32).toString('base64url'));
  return { accounts, networks, blocks: new MemoryBlocks(memory.maxBlocks), pace, secret };
}

/** Counters and blocks as decisions see them. */
export interface OpenBooks {
  readonly accounts: Counters;
  readonly networks: Counters;
  readonly blocks: Blocks;
}

/** What is counted and blocked: here, or with others through Redis. */
export function openBooks(config: Config, here: CountedHere, redis: RedisState | undefined): OpenBooks {
  if (redis === undefined) return here;
  const stricter = stricterBy(config.state.redis?.limitsWhileAwayPercent ?? 100);
  return {
    accounts: new StandbyCounters(redis.counters, here.accounts, stricter),
    networks: new StandbyCounters(redis.counters, here.networks, stricter),
    blocks: new StandbyBlocks(redis.blocks, here.blocks),
  };
}

/** The rules of a configuration over what is counted, and what they ask elsewhere. */
export function openProtection(
  config: Config,
  here: CountedHere,
  redis: RedisState | undefined,
  facts: Facts = {},
): Protection {
  const [sharedSecret] = config.state.redis?.secrets ?? [];
  const books = openBooks(config, here, redis);
  const guard = new GuessGuard({
    rules: config.protection.guesses,
    spares: (name) => config.protection.overrides.spares(name),
    markers: new PasswordMarkers(sharedSecret ?? here.secret),
    ...books,
    now: Date.now,
    ticks: () => performance.now(),
    pause: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => {}),
    isShared: redis !== undefined,
  });
  return { rules: config.protection, guard, pace: here.pace, ...facts };
}

/** What mail servers ask that prove passwords by themselves, over the same protection. */
export function openPolicy(config: Config, protection: Protection, deadline: () => AbortSignal): Policy {
  const { wait } = config.protection.guesses;
  const { longestDelaySeconds } = config.wforce;
  return new Policy({ protection, wait, longestDelaySeconds, deadline, now: () => performance.now() });
}
