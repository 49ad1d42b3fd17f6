import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Backend } from '../backends/backend.ts';
import type { Config } from '../config/config.ts';
import { Secret } from '../login/secret.ts';
import { MemoryLookUps } from '../state/memory/memory-look-ups.ts';
import { MemoryVerifiedLogins } from '../state/memory/memory-verified-logins.ts';

/** Answers of backends that this process remembers. */
export interface RememberedHere {
  readonly logins: MemoryVerifiedLogins;
  readonly lookUps: MemoryLookUps;
  /** Makes the tags of passwords where no secret is shared. Nothing outlives the process. */
  readonly secret: Secret;
  /** True for a configuration and backends that would answer just so, now. */
  holdsFor(config: Config, backends: readonly Backend[]): boolean;
}

/**
 * What is remembered for these backends: that of the inside before where nothing has changed that answers come from, else nothing
 * yet. Who changes callers, rules or the log must not make all backends be asked about everybody at once.
 */
export function openRemembered(
  config: Config,
  backends: readonly Backend[],
  before: RememberedHere | undefined,
): RememberedHere {
  if (before?.holdsFor(config, backends) === true) return before;
  const { logins, lookUps } = config.state.memory;
  return {
    logins: new MemoryVerifiedLogins(logins),
    lookUps: new MemoryLookUps({ found: lookUps, maxUnknown: unknownNamesOf(config) }),
    secret: Secret.fromText(randomBytes(32).toString('base64url')),
    holdsFor: (other, others) =>
      isDeepStrictEqual([config.backends, config.state], [other.backends, other.state]) &&
      isDeepStrictEqual(editionsOf(backends), editionsOf(others)),
  };
}

/** Files that were read at different times may be different ones. */
function editionsOf(backends: readonly Backend[]): readonly (string | undefined)[] {
  return backends.map((backend) => backend.edition?.());
}

function unknownNamesOf(config: Config): number {
  return config.backends.reduce((sum, own) => sum + (own.type === 'ldap' ? own.negativeCache.size : 0), 0);
}
