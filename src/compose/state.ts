import type { Backend } from '../backends/backend.ts';
import type { ChangedNames } from '../backends/file/account-changes.ts';
import type { Config } from '../config/config.ts';
import type { ListAccounts } from '../decision/list-accounts.ts';
import { ListMemory } from '../decision/list-memory.ts';
import { LookUpMemory, type LookUpLifetimes, scopeOf } from '../decision/look-up-memory.ts';
import { VerifiedLoginMemory } from '../decision/verified-login-memory.ts';
import type { Attempt } from '../login/attempt.ts';
import type { AccountName } from '../login/account-name.ts';
import { LayeredVerifiedLogins } from '../state/layered-verified-logins.ts';
import type { LookUps } from '../state/look-ups.ts';
import type { Unavailable } from '../state/outcome.ts';
import { PasswordTags } from '../state/password-tags.ts';
import { RedisState } from '../state/redis/redis-state.ts';
import type { VerifiedLogins } from '../state/verified-logins.ts';
import type { Events } from '../telemetry/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { FlushCache } from '../wire/http/admin/cache-flush-door.ts';
import type { RememberedHere } from './remembered.ts';

const FLUSH_DEADLINE_MS = 5000;
/** Accounts that are forgotten at a time; each is two commands to Redis. */
const FORGOTTEN_AT_ONCE = 64;
/** More accounts are forgotten together with all others: one by one they would take Redis longer than a second. */
const MOST_FORGOTTEN_SHARED = 1000;

export interface StateParts {
  readonly events: Events;
  readonly metrics: Metrics;
  readonly remembered: RememberedHere;
  readonly listAccounts: ListAccounts;
  readonly building: AsyncDisposableStack;
}

/** Short-lived knowledge: in this process alone, or shared through Redis or Valkey. */
export interface OpenState {
  readonly verifiedLogins: VerifiedLogins;
  readonly lookUps: LookUps;
  readonly lists: ListMemory;
  /** Absent where nothing is shared. */
  readonly redis: RedisState | undefined;
  /** Ends what this process remembers of an account, at once. */
  forgetHere(account: AccountName): void;
  /** False while what should be shared is not. */
  isWhole(): boolean;
}

/** Opens the state. Nothing waits for Redis: what it cannot answer is as if it was never known. */
export function openState(config: Config, parts: StateParts): OpenState {
  const { events, metrics, remembered, listAccounts: list, building } = parts;
  const { logins: local, lookUps } = remembered;
  const forgetHere = (account: AccountName) => {
    local.forgetAccount(account);
    lookUps.forgetAccount(account);
  };
  const lists = new ListMemory({ list, lifetimeMs: config.list.lifetimeMs, now: () => performance.now() });
  building.use(
    metrics.addGauge('verified_logins', 'Verified logins that are remembered in this process.', () => local.size),
  );
  building.use(
    metrics.addGauge('look_ups', 'Answers to look-ups that are remembered in this process.', () => lookUps.size),
  );
  if (config.state.redis === undefined)
    return { verifiedLogins: local, lookUps, lists, redis: undefined, forgetHere, isWhole: () => true };
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
      localLifetimeMs: Math.min(config.verifiedLogins.memoryLifetimeMs, config.verifiedLogins.lifetimeMs),
      longestLifetimeMs,
      maxConfirmed: config.state.memory.logins.maxEntries,
      now: Date.now,
    }),
  );
  building.use(
    redis.announcements.subscribe({
      onAnnouncement: (announcement) => {
        if (announcement.kind === 'account-forgotten') lookUps.forgetAccount(announcement.account);
        if (announcement.kind !== 'all-forgotten') return;
        lookUps.forgetAll();
        lists.forget();
      },
      onGap: () => lookUps.forgetAll(),
    }),
  );
  return { verifiedLogins, lookUps, lists, redis, forgetHere, isWhole: () => redis.health().isReady };
}

/** What decisions remember of logins. */
export function openVerifiedLogins(
  config: Config,
  state: OpenState,
  remembered: RememberedHere,
  backends: readonly Backend[],
): VerifiedLoginMemory {
  const [shared] = config.state.redis?.secrets ?? [];
  const forgetful = new Set(config.backends.filter((own) => !own.rememberLogins).map((own) => own.name));
  return new VerifiedLoginMemory({
    store: state.verifiedLogins,
    tags: new PasswordTags(shared ?? remembered.secret),
    ...config.verifiedLogins,
    keeps: (backend) => !forgetful.has(backend),
    scopeOf: scopeOver(backends),
    mayHoldMore: state.redis !== undefined || remembered.logins.size > 0,
    now: Date.now,
  });
}

/** What decisions remember of look-ups. What is in a file is in memory already, and always fresh. */
export function openLookUps(config: Config, { lookUps }: OpenState): LookUpMemory {
  const lifetimes = new Map<string, LookUpLifetimes>();
  for (const own of config.backends) {
    if (own.type === 'file') continue;
    lifetimes.set(own.name, { foundMs: own.lookUpCache.ttlMs, unknownMs: own.negativeCache.ttlMs });
  }
  return new LookUpMemory({ store: lookUps, lifetimes, now: Date.now });
}

/** Ends what is remembered by hand, here and everywhere. */
export function flushOf(state: OpenState): FlushCache {
  return async (account) => {
    const signal = AbortSignal.timeout(FLUSH_DEADLINE_MS);
    const answer = account === undefined ? forgetAll(state, signal) : forgetAccount(state, account, signal);
    return (await answer)?.detail;
  };
}

/** Ends what is remembered of accounts that a backend has learnt of anew. */
export async function forgetChanged(state: OpenState, changed: ChangedNames): Promise<void> {
  const signal = AbortSignal.timeout(FLUSH_DEADLINE_MS);
  const isMany = changed === 'many' || (state.redis !== undefined && changed.size > MOST_FORGOTTEN_SHARED);
  if (isMany) return void (await forgetAll(state, signal));
  for (const name of changed) state.forgetHere(name);
  const names = changed.values();
  let isMissed = false;
  const forgetSome = async () => {
    for (const name of names) isMissed = (await forgetAccount(state, name, signal)) !== undefined || isMissed;
  };
  await Promise.all(Array.from({ length: FORGOTTEN_AT_ONCE }, forgetSome));
  // All are forgotten with one command, where there was no time for each of them.
  if (isMissed && state.isWhole()) await forgetAll(state, AbortSignal.timeout(FLUSH_DEADLINE_MS));
}

async function forgetAll(state: OpenState, signal: AbortSignal): Promise<Unavailable | undefined> {
  state.lookUps.forgetAll();
  state.lists.forget();
  return state.verifiedLogins.forgetAll(signal);
}

async function forgetAccount(
  state: OpenState,
  account: AccountName,
  signal: AbortSignal,
): Promise<Unavailable | undefined> {
  state.lookUps.forgetAccount(account);
  state.lists.forget();
  return state.verifiedLogins.forgetAccount(account, signal);
}

function longestOf({ verifiedLogins: { lifetimeMs, outageLifetimeMs } }: Config): number {
  return Math.max(1, lifetimeMs, outageLifetimeMs);
}

/** A login counts for another attempt only where all backends would have been asked the same. */
function scopeOver(backends: readonly Backend[]): (attempt: Attempt) => string {
  return (attempt) => {
    let scope = '';
    for (const backend of backends) scope += scopeOf(backend, attempt);
    return scope;
  };
}
