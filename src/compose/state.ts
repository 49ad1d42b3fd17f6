import { randomBytes } from 'node:crypto';
import type { Backend } from '../backends/backend.ts';
import type { Config } from '../config/config.ts';
import { VerifiedLoginMemory } from '../decision/verified-login-memory.ts';
import type { Attempt } from '../login/attempt.ts';
import { Secret } from '../login/secret.ts';
import { LayeredVerifiedLogins } from '../state/layered-verified-logins.ts';
import { MemoryVerifiedLogins } from '../state/memory/memory-verified-logins.ts';
import { PasswordTags } from '../state/password-tags.ts';
import { RedisState } from '../state/redis/redis-state.ts';
import type { VerifiedLogins } from '../state/verified-logins.ts';
import type { Events } from '../telemetry/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { FlushCache } from '../wire/http/admin/cache-flush-door.ts';

/** What a shared store has confirmed serves from memory for so long at most. */
const LOCAL_LIFETIME_MS = 10_000;
const FLUSH_DEADLINE_MS = 5000;

export interface StateParts {
  readonly events: Events;
  readonly metrics: Metrics;
  readonly building: AsyncDisposableStack;
}

/** Short-lived knowledge: in this process alone, or shared through Redis or Valkey. */
export interface OpenState {
  readonly verifiedLogins: VerifiedLogins;
  /** Absent where nothing is shared. */
  readonly redis: RedisState | undefined;
  /** False while what should be shared is not. */
  isWhole(): boolean;
}

/** Opens the state. Nothing waits for Redis: what it cannot answer is as if it was never known. */
export function openState(config: Config, { events, metrics, building }: StateParts): OpenState {
  const local = new MemoryVerifiedLogins(config.state.memory.logins);
  building.use(
    metrics.addGauge('verified_logins', 'Verified logins that are remembered in this process.', () => local.size),
  );
  if (config.state.redis === undefined) return { verifiedLogins: local, redis: undefined, isWhole: () => true };
  const longestLifetimeMs = longestOf(config);
  const redis = building.use(
    new RedisState(config.state.redis, {
      longestLifetimeMs,
      onChange: ({ isReady, detail }) => events.sharedStateChanged(isReady, detail),
    }),
  );
  building.use(
    metrics.addGauge('shared_state_ready', 'Whether Redis or Valkey answers.', () => Number(redis.health().isReady)),
  );
  const verifiedLogins = building.use(
    new LayeredVerifiedLogins({
      local,
      shared: redis.verifiedLogins,
      announcements: redis.announcements,
      localLifetimeMs: Math.min(LOCAL_LIFETIME_MS, config.verifiedLogins.lifetimeMs),
      longestLifetimeMs,
      maxConfirmed: config.state.memory.logins.maxEntries,
      now: Date.now,
    }),
  );
  return { verifiedLogins, redis, isWhole: () => redis.health().isReady };
}

/** What decisions remember of logins. Alone, its secret is made anew at each start: nothing outlives the process. */
export function openVerifiedLogins(
  config: Config,
  state: OpenState,
  backends: readonly Backend[],
): VerifiedLoginMemory {
  const [shared] = config.state.redis?.secrets ?? [];
  const forgetful = new Set(config.backends.filter((own) => !own.rememberLogins).map((own) => own.name));
  return new VerifiedLoginMemory({
    store: state.verifiedLogins,
    tags: new PasswordTags(shared ?? Secret.fromText(randomBytes(32).toString('base64url'))),
    ...config.verifiedLogins,
    keeps: (backend) => !forgetful.has(backend),
    scopeOf: scopeOver(backends),
    isShared: state.redis !== undefined,
    now: Date.now,
  });
}

/** Ends remembered logins by hand, here and everywhere. */
export function flushOf({ verifiedLogins }: OpenState): FlushCache {
  return async (account) => {
    const signal = AbortSignal.timeout(FLUSH_DEADLINE_MS);
    const answer =
      account === undefined ? verifiedLogins.forgetAll(signal) : verifiedLogins.forgetAccount(account, signal);
    return (await answer)?.detail;
  };
}

function longestOf({ verifiedLogins: { lifetimeMs, outageLifetimeMs } }: Config): number {
  return Math.max(1, lifetimeMs, outageLifetimeMs);
}

/** A login counts for another attempt only where all backends would have been asked the same. */
function scopeOver(backends: readonly Backend[]): (attempt: Attempt) => string {
  return (attempt) => {
    let scope = '';
    for (const backend of backends)
      scope += backend.scopeOf === undefined ? wholeScope(attempt) : backend.scopeOf(attempt);
    return scope;
  };
}

function wholeScope({ protocol, clientAddress, localAddress }: Attempt): string {
  return `${protocol},${clientAddress ?? ''},${localAddress ?? ''};`;
}
