import { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { PlaceFile, PlaceFileError } from '../../address-facts/place-files.ts';
import type { FileBackendConfig } from '../../backends/file/file-config.ts';
import { readPasswdFile } from '../../backends/file/passwd-file.ts';
import type { LdapBackendConfig } from '../../backends/ldap/ldap-config.ts';
import { LdapTlsError, readTls } from '../../backends/ldap/servers/tls-files.ts';
import type { BackendConfig, Config } from '../../config/config.ts';
import { type ConfigProblem, problemAt } from '../../config/config-error.ts';
import type { Secret } from '../../login/secret.ts';
import { parseStoredPassword } from '../../passwords/stored-password.ts';
import { KeyPairError, type KeyPairFiles, loadKeyPair } from '../../wire/http/key-pair.ts';
import type { CallerConfig } from '../../wire/http/callers-config.ts';
import { loadKeySet } from '../../wire/http/callers/key-set.ts';
import type { KeyPlace } from '../../wire/http/callers/read-keys.ts';

/** What putting a configuration to use would run into. */
export interface Trial {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

const DAY_MS = 86_400_000;
const WARN_BEFORE_MS = 30 * DAY_MS;
const READABLE_BY_OTHERS = 0o004;

/**
 * Tries what a start would do with everything a configuration names, short of listening: reads certificates, hashes and
 * accounts. Never throws for what it finds.
 */
export async function tryConfig(config: Config, now: Date): Promise<Trial> {
  const trial = new ConfigTrial(config, now);
  for (const [i, { tls }] of config.listeners.entries()) {
    if (tls !== undefined) await trial.tryKeyPair(tls, `listeners[${i}].tls`);
  }
  for (const [i, caller] of config.callers.entries()) await trial.tryCaller(caller, i);
  for (const [i, backend] of config.backends.entries()) await trial.tryBackend(backend, `backends[${i}]`);
  for (const [i, file] of config.protection.placeDatabases.entries())
    await trial.tryPlaces(file, `protection.places.databases[${i}]`);
  return trial;
}

class ConfigTrial implements Trial {
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly #config: Config;
  readonly #now: Date;

  constructor(config: Config, now: Date) {
    this.#config = config;
    this.#now = now;
  }

  async tryKeyPair(files: KeyPairFiles, path: string): Promise<void> {
    try {
      const { certificate } = await loadKeyPair(files);
      this.#tryLifetime(new X509Certificate(certificate), files.certificate, `${path}.certificate`);
      await this.#warnIfOthersRead(files.key, `${path}.key`);
    } catch (cause) {
      if (!(cause instanceof KeyPairError)) throw cause;
      const isAbout = (file: string | undefined) => file !== undefined && cause.message.startsWith(`${file}:`);
      const key = isAbout(files.key) ? 'key' : isAbout(files.clientCa) ? 'client_ca' : 'certificate';
      this.#problem(`${path}.${key}`, cause.message);
    }
  }

  #tryLifetime({ validFromDate, validToDate }: X509Certificate, file: string, path: string): void {
    const left = validToDate.getTime() - this.#now.getTime();
    if (left <= 0) this.#problem(path, `${file}: the certificate ended on ${dayOf(validToDate)}`);
    else if (validFromDate > this.#now)
      this.#problem(path, `${file}: the certificate is valid from ${dayOf(validFromDate)} only`);
    else if (left < WARN_BEFORE_MS)
      this.#warning(
        path,
        `${file}: the certificate ends on ${dayOf(validToDate)}, in ${Math.floor(left / DAY_MS)} days`,
      );
  }

  async tryCaller(caller: CallerConfig, i: number): Promise<void> {
    switch (caller.kind) {
      case 'secret':
        return this.#trySecret(caller.secret, `callers[${i}].secret`);
      case 'token':
        return this.#tryKeys(caller.token.keys, `callers[${i}].token.jwks`);
      case 'certificate':
    }
  }

  /** What a URL gives is had when it is needed: a service must start while another is away. */
  async #tryKeys(place: KeyPlace, path: string): Promise<void> {
    if (place.kind === 'url') return;
    try {
      await loadKeySet(place);
    } catch (cause) {
      this.#problem(`${path}.file`, `${place.file}: ${(cause as Error).message}`);
    }
  }

  #trySecret(secret: Secret, path: string): void {
    const hash = parseStoredPassword(secret.reveal().toString('utf8'), 'CRYPT');
    if (hash.kind === 'problem') return this.#problem(path, hash.message);
    const { weakness, name } = hash.algorithm;
    if (weakness !== undefined)
      this.#warning(
        path,
        `${name} protects the secret badly (${WEAKNESSES[weakness]}); make another hash with \`nauthilus hash make\``,
      );
  }

  async tryBackend(backend: BackendConfig, path: string): Promise<void> {
    switch (backend.type) {
      case 'file':
        return this.#tryAccounts(backend, `${path}.path`);
      case 'ldap':
        return this.#tryCertificates(backend, `${path}.tls`);
    }
  }

  async tryPlaces(file: string, path: string): Promise<void> {
    try {
      await PlaceFile.open(file);
    } catch (cause) {
      if (!(cause instanceof PlaceFileError)) throw cause;
      this.#problem(path, `${file}: ${cause.message}`);
    }
  }

  async #tryCertificates({ tls }: LdapBackendConfig, path: string): Promise<void> {
    try {
      await readTls(tls);
    } catch (cause) {
      if (!(cause instanceof LdapTlsError)) throw cause;
      this.#problem(path, cause.message);
    }
  }

  async #tryAccounts(backend: FileBackendConfig, path: string): Promise<void> {
    const read = await readPasswdFile(backend.path, backend);
    switch (read.kind) {
      case 'snapshot':
        return this.#warnIfOthersRead(backend.path, path);
      case 'unreadable':
        return this.#problem(path, `${backend.path}: ${read.reason}`);
      case 'changing':
        return this.#warning(path, `${backend.path}: was not looked at, because it is being written to`);
      case 'broken':
        for (const { line, reason } of read.lines)
          this.problems.push({ file: backend.path, line, column: 1, path: '', message: reason });
        if (read.hasMore) this.#problem(path, `${backend.path}: has more lines that are broken`);
    }
  }

  async #warnIfOthersRead(file: string, path: string): Promise<void> {
    const { mode } = await stat(file);
    if ((mode & READABLE_BY_OTHERS) === 0) return;
    this.#warning(path, `${file}: other users of this machine can read it; use mode 0600 or 0640`);
  }

  #problem(path: string, message: string): void {
    this.problems.push(problemAt(this.#config, path, message));
  }

  #warning(path: string, message: string): void {
    this.warnings.push(problemAt(this.#config, path, message));
  }
}

const WEAKNESSES = {
  'plain-text': 'it is the secret itself',
  unsalted: 'without salt, tables of known secrets fit it',
  outdated: 'it looks at a few bytes of the secret only',
} as const;

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
