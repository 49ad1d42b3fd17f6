import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { VerifiedLoginMemory } from '../decision/verified-login-memory.ts';
import { Secret } from '../login/secret.ts';
import { MemoryVerifiedLogins } from '../state/memory/memory-verified-logins.ts';
import { PasswordTags } from '../state/password-tags.ts';
import type { VerifiedLogins } from '../state/verified-logins.ts';
import type { Metrics } from '../telemetry/metrics.ts';

const BOUNDS = { maxEntries: 200_000, maxBytes: 128 * 1024 * 1024 } as const;

export interface OpenVerifiedLogins {
  readonly store: VerifiedLogins;
  readonly memory: VerifiedLoginMemory;
}

/** Opens what remembers verified logins. In one process its secret is made anew at each start: nothing outlives the process. */
export function openVerifiedLogins(config: Config, metrics: Metrics): OpenVerifiedLogins {
  const store = new MemoryVerifiedLogins(BOUNDS);
  metrics.addGauge('verified_logins', 'Verified logins that are remembered in this process.', () => store.size);
  const memory = new VerifiedLoginMemory({
    store,
    tags: new PasswordTags(Secret.fromText(randomBytes(32).toString('base64url'))),
    ...config.verifiedLogins,
    keeps: () => true,
    scopeOf: (attempt) => `${attempt.protocol} ${attempt.clientAddress ?? ''} ${attempt.localAddress ?? ''}`,
    isShared: false,
    now: Date.now,
  });
  return { store, memory };
}
