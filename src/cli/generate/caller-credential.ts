import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { Secret } from '../../login/secret.ts';
import { hashPassword } from '../../passwords/hash-password.ts';
import { PasswordChecks } from '../../passwords/password-checks.ts';
import { parseStoredPassword } from '../../passwords/stored-password.ts';
import type { SecretCallerConfig } from '../../wire/http/callers-config.ts';
import { CommandError } from '../command-io.ts';
import { textOf } from './planned-files.ts';

/** What a caller sends to prove itself, as its secret file holds it. */
export type CallerCredential =
  | { readonly kind: 'given' | 'found' | 'kept'; readonly text: string; readonly file: string }
  /** Nobody knew the old one; the hash has to be put into the configuration. */
  | { readonly kind: 'made'; readonly text: string; readonly hash: string };

export interface CredentialQuestion {
  readonly config: Config;
  readonly caller: SecretCallerConfig;
  /** The file that was given for it. */
  readonly secretFile: string | undefined;
  /** Where an earlier run has put it. */
  readonly writtenFile: string;
  /** A new one is wanted, whatever is there. */
  readonly isNewWanted: boolean;
}

const CHECK_DEADLINE_MS = 120_000;

/**
 * Finds the caller's secret, of which the service keeps a hash only: in the file that was given, where an earlier run has put it,
 * or where `nauthilus init` puts it. Makes a new one where there is none.
 * @throws {CommandError} where what is there is not the caller's secret: it is never thrown away for a new one without being asked
 */
export async function findCredential(question: CredentialQuestion): Promise<CallerCredential> {
  const { config, caller, secretFile, writtenFile, isNewWanted } = question;
  if (isNewWanted) return makeCredential(caller);
  if (secretFile !== undefined) {
    const text = await textOf(secretFile);
    if (text === undefined) throw new CommandError(`${secretFile}: there is no such file`);
    return { kind: 'given', text: await proven(text, caller, secretFile), file: secretFile };
  }
  const written = await textOf(writtenFile);
  if (written !== undefined) {
    await proven(written, caller, writtenFile);
    return { kind: 'kept', text: written, file: writtenFile };
  }
  const initFile = path.join(path.dirname(config.file), 'callers', `${caller.name}.credential`);
  const found = await textOf(initFile);
  if (found === undefined) return makeCredential(caller);
  return { kind: 'found', text: await proven(found, caller, initFile), file: initFile };
}

async function makeCredential({ name }: SecretCallerConfig): Promise<CallerCredential> {
  const secret = randomBytes(24).toString('base64url');
  return { kind: 'made', text: renderCredential(name, secret), hash: await hashPassword(Secret.fromText(secret)) };
}

/** The credential in the form in which it is written. */
async function proven(text: string, caller: SecretCallerConfig, file: string): Promise<string> {
  const hash = parseStoredPassword(caller.secret.reveal().toString('utf8'), 'CRYPT');
  if (hash.kind === 'problem')
    throw new CommandError(`the hash of the caller ${caller.name} cannot be used: ${hash.message}`);
  const checks = new PasswordChecks({ concurrency: 1, maxQueue: 0 });
  for (const secret of readings(text, caller.name)) {
    const result = await checks.check(hash, Secret.fromText(secret), AbortSignal.timeout(CHECK_DEADLINE_MS));
    if (typeof result === 'object') throw new CommandError(`the secret in ${file} cannot be checked: ${result.detail}`);
    if (result === 'match') return renderCredential(caller.name, secret);
  }
  throw new CommandError(
    `${file}: holds another secret than the one whose hash the configuration has for the caller ${caller.name}; give the right one with --secret-file, put its hash there (nauthilus hash make), or have a new one made with --new-secret (the old file is kept)`,
  );
}

/** What a secret file may hold: `name:secret`, the base64 of it, or the secret alone. */
function readings(text: string, name: string): string[] {
  const line = text.replace(/\r?\n$/, '');
  const decoded = Buffer.from(line, 'base64').toString('utf8');
  const prefix = `${name}:`;
  const named = [line, decoded].filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length));
  return [...named, line].filter((secret) => secret !== '');
}

/** In base64 where spaces at its ends, or what is no ASCII, could get lost. */
function renderCredential(name: string, secret: string): string {
  const credential = `${name}:${secret}`;
  return /^[!-~]+$/.test(credential) ? credential : Buffer.from(credential).toString('base64');
}
