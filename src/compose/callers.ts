import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { PasswordChecks } from '../passwords/password-checks.ts';
import { parseStoredPassword } from '../passwords/stored-password.ts';
import type { UsableHash } from '../passwords/usable-hash.ts';
import type { Events } from '../telemetry/events.ts';
import { Callers, type OtherProofs, type ProveSecret } from '../wire/http/callers.ts';
import { CertificateCallers } from '../wire/http/callers/certificate-callers.ts';
import { KeySource } from '../wire/http/callers/key-source.ts';
import { loadJose, loadKeySet } from '../wire/http/callers/key-set.ts';
import type { KeyPlace } from '../wire/http/callers/read-keys.ts';
import { type KeySet, TokenCallers } from '../wire/http/callers/token-callers.ts';

/** Proofs of callers have a small queue of their own, so that a flood of logins cannot keep callers out. */
const CALLER_CHECKS = { concurrency: 1, maxQueue: 256 } as const;
const PROOF_DEADLINE_MS = 10_000;

/**
 * Builds the callers of the configuration.
 * @throws {ConfigError} where a caller's stored hash, or a file with keys of tokens, cannot be used
 */
export async function openCallers(config: Config, events: Events): Promise<Callers> {
  const hashes = readHashes(config);
  const others: OtherProofs = {
    hasSecrets: hashes.size > 0,
    certificates: openCertificates(config),
    tokens: await openTokens(config, events),
    onProven: (proven) => events.callerProven(proven),
  };
  return new Callers(config.callers, proveSecrets(hashes), () => performance.now(), others);
}

function readHashes(config: Config): ReadonlyMap<string, UsableHash> {
  const hashes = new Map<string, UsableHash>();
  for (const [i, caller] of config.callers.entries()) {
    if (caller.kind !== 'secret') continue;
    const hash = parseStoredPassword(caller.secret.reveal().toString('utf8'), 'CRYPT');
    if (hash.kind === 'problem') throw ConfigError.at(config, `callers[${i}].secret`, hash.message);
    hashes.set(caller.name, hash);
  }
  return hashes;
}

function openCertificates({ callers }: Config): CertificateCallers | undefined {
  const own = callers.flatMap((caller) =>
    caller.kind === 'certificate' ? [{ name: caller.name, pattern: caller.certificate }] : [],
  );
  return own.length === 0 ? undefined : new CertificateCallers(own, () => Date.now());
}

async function openTokens(config: Config, events: Events): Promise<TokenCallers | undefined> {
  const sources = new Map<string, KeySource<KeySet>>();
  const callers = [];
  for (const [i, { name, ...caller }] of config.callers.entries()) {
    if (caller.kind !== 'token') continue;
    const { keys: place } = caller.token;
    if (place.kind === 'file') await tryKeyFile(place, config, `callers[${i}].token.jwks.file`);
    const key = JSON.stringify(place);
    const keys = sources.get(key) ?? openKeySource(place, events);
    sources.set(key, keys);
    callers.push({ name, token: caller.token, keys });
  }
  if (callers.length === 0) return undefined;
  return new TokenCallers({ callers, jose: await loadJose(), now: () => new Date() });
}

async function tryKeyFile(place: KeyPlace & { kind: 'file' }, config: Config, setting: string): Promise<void> {
  try {
    await loadKeySet(place);
  } catch (cause) {
    throw ConfigError.at(config, setting, `${place.file}: ${(cause as Error).message}`, { cause });
  }
}

function openKeySource(place: KeyPlace, events: Events): KeySource<KeySet> {
  return new KeySource({
    load: () => loadKeySet(place),
    now: () => performance.now(),
    onLoaded: (cause) =>
      events.callerKeysLoaded(
        place.kind === 'file' ? place.file : place.url,
        cause === undefined ? undefined : messageOf(cause),
      ),
  });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
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
