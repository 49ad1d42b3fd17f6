import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { PasswordChecks } from '../passwords/password-checks.ts';
import { parseStoredPassword } from '../passwords/stored-password.ts';
import type { UsableHash } from '../passwords/usable-hash.ts';
import { Callers, type ProveSecret } from '../wire/http/callers.ts';

/** Proofs of callers have a small queue of their own, so that a flood of logins cannot keep callers out. */
const CALLER_CHECKS = { concurrency: 1, maxQueue: 256 } as const;
const PROOF_DEADLINE_MS = 10_000;

/**
 * Builds the callers of the configuration.
 * @throws {ConfigError} where a caller's stored hash cannot be used
 */
export async function openCallers(config: Config): Promise<Callers> {
  const hashes = new Map<string, UsableHash>();
  for (const [i, { name, secret }] of config.callers.entries()) {
    const hash = parseStoredPassword(secret.reveal().toString('utf8'), 'CRYPT');
    if (hash.kind === 'problem') throw ConfigError.at(config, `callers[${i}].secret`, hash.message);
    hashes.set(name, hash);
  }
  return new Callers(config.callers, proveSecrets(hashes), () => performance.now());
}

/** A name that no caller has is checked against somebody's hash in vain, so that it takes as long. */
function proveSecrets(hashes: ReadonlyMap<string, UsableHash>): ProveSecret {
  const checks = new PasswordChecks(CALLER_CHECKS);
  const [decoy] = hashes.values();
  return async (name, secret) => {
    const own = hashes.get(name);
    const hash = own ?? decoy;
    if (hash === undefined || secret.isEmpty || secret.hasNul) return 'mismatch';
    const result = await checks.check(hash, secret, AbortSignal.timeout(PROOF_DEADLINE_MS));
    if (typeof result === 'object') return { kind: 'unavailable' };
    return own === undefined ? 'mismatch' : result;
  };
}
