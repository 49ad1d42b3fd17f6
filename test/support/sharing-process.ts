import type { Backend } from '../../src/backends/backend.ts';
import { createDecide, type Decide } from '../../src/decision/authenticate.ts';
import { GuessGuard } from '../../src/decision/guesses/guess-guard.ts';
import { RefusalPace } from '../../src/decision/guesses/refusal-pace.ts';
import { VerifiedLoginMemory } from '../../src/decision/verified-login-memory.ts';
import { Secret } from '../../src/login/secret.ts';
import { PasswordMarkers } from '../../src/protection/password-markers.ts';
import type { ProtectionConfig } from '../../src/protection/protection-config.ts';
import { LayeredVerifiedLogins } from '../../src/state/layered-verified-logins.ts';
import { MemoryAnnouncements } from '../../src/state/memory/memory-announcements.ts';
import { MemoryCounters } from '../../src/state/memory/memory-counters.ts';
import { MemoryVerifiedLogins } from '../../src/state/memory/memory-verified-logins.ts';
import { PasswordTags } from '../../src/state/password-tags.ts';
import { StandbyCounters } from '../../src/state/standby-counters.ts';
import type { SteppedView } from './stepped-store.ts';

const SECRET = Secret.fromText('the secret of the installation');
const LIFETIME_MS = 300_000;

export interface SharingParts {
  readonly backend: Backend;
  readonly config: ProtectionConfig;
  readonly now: () => number;
  readonly deadline?: () => AbortSignal;
}

/** What tells passwords apart in all processes. */
export const tags = new PasswordTags(SECRET);
export const markers = new PasswordMarkers(SECRET);

/** Decisions of a process that shares what it counts and remembers with others, as compose.ts puts them together. */
export function sharingProcess(
  { counters, blocks, verifiedLogins }: SteppedView,
  { backend, config, now, deadline }: SharingParts,
): Decide {
  const standby = () => {
    const own = new MemoryCounters(1 << 20, now);
    const shared = { ...counters, sweep: () => ({ kind: 'swept', forgotten: 0 }) as const };
    return new StandbyCounters(shared, own, (counter) => counter);
  };
  const guard = new GuessGuard({
    accounts: standby(),
    networks: standby(),
    blocks,
    rules: config.guesses,
    markers,
    now,
    ticks: now,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    isShared: true,
  });
  const store = new LayeredVerifiedLogins({
    local: new MemoryVerifiedLogins({ maxEntries: 1000, maxBytes: 1 << 20 }, now),
    shared: verifiedLogins,
    announcements: new MemoryAnnouncements(),
    localLifetimeMs: 0,
    longestLifetimeMs: LIFETIME_MS,
    maxConfirmed: 100,
    now,
  });
  const memory = new VerifiedLoginMemory({
    store,
    tags,
    lifetimeMs: LIFETIME_MS,
    outageLifetimeMs: 0,
    keeps: () => true,
    scopeOf: () => '',
    mayHoldMore: true,
    now,
  });
  return createDecide({
    backends: [backend],
    verifiedLogins: memory,
    protection: { rules: config, guard, pace: new RefusalPace(0) },
    answersDisabledLookups: new Set(),
    deadline: deadline ?? (() => new AbortController().signal),
    now,
  });
}
