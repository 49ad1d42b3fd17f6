import { randomBytes, randomInt } from 'node:crypto';
import { chmod, copyFile, mkdir, open, readFile, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { Secret } from '../../login/secret.ts';
import { hashPassword } from '../../passwords/hash-password.ts';
import { CommandError } from '../command-io.ts';
import { makeSelfSigned } from './self-signed.ts';

/** Files of a data folder, relative to it. */
export const DATA_FILES = {
  config: 'nauthilus.yaml',
  accounts: 'accounts.passwd',
  certificate: 'tls/certificate.pem',
  key: 'tls/key.pem',
  /** `name:secret` of the first caller, as HTTP Basic wants it. */
  credential: 'callers/dovecot.credential',
  credentialHash: 'callers/dovecot.hash',
  demoPasswords: 'demo-passwords',
} as const;

const PRIVATE = 0o600;
const EXAMPLE_CONFIG = new URL('../../../examples/nauthilus.yaml', import.meta.url);
const CALLER = 'dovecot';

export interface DataFolder {
  readonly folder: string;
  /** Files that were made now; those that stood already are left as they are. */
  readonly made: readonly string[];
}

/**
 * Fills a data folder with what a first start needs; what is there already is never touched.
 * @param withDemo adds three demo accounts instead of an empty accounts file
 * @throws {CommandError} where a file cannot be written
 */
export async function fillDataFolder(folder: string, withDemo: boolean): Promise<DataFolder> {
  const made: string[] = [];
  const at = (name: keyof typeof DATA_FILES) => path.join(folder, DATA_FILES[name]);
  try {
    await mkdir(folder, { recursive: true, mode: 0o750 });
    await mkdir(path.join(folder, 'tls'), { recursive: true, mode: 0o750 });
    await mkdir(path.join(folder, 'callers'), { recursive: true, mode: 0o700 });
    if (await isMissing(at('certificate'), at('key'))) made.push(...(await makeKeyPair(at('certificate'), at('key'))));
    if (await isMissing(at('credential'), at('credentialHash')))
      made.push(...(await makeCaller(at('credential'), at('credentialHash'))));
    if (await isMissing(at('accounts'))) made.push(...(await makeAccounts(folder, withDemo)));
    if (await isMissing(at('config'))) {
      await copyFile(EXAMPLE_CONFIG, at('config'));
      await chmod(at('config'), 0o640);
      made.push(at('config'));
    }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(`the data folder cannot be made: ${(cause as Error).message}`, 1, { cause });
  }
  return { folder, made };
}

/** True where none of the files is there. @throws {CommandError} where only some are */
async function isMissing(...files: readonly string[]): Promise<boolean> {
  const there = await Promise.all(
    files.map((file) =>
      stat(file).then(
        () => true,
        (cause: NodeJS.ErrnoException) => onlyMissing(cause),
      ),
    ),
  );
  if (there.every((one) => !one)) return true;
  const lost = files.filter((_, i) => there[i] === false);
  if (lost.length === 0) return false;
  throw new CommandError(
    `${lost.join(' and ')}: missing, while ${files.filter((_, i) => there[i]).join(' and ')} is there; restore it, or remove both to have new ones made`,
  );
}

function onlyMissing(cause: NodeJS.ErrnoException): false {
  if (cause.code === 'ENOENT') return false;
  throw cause;
}

async function makeKeyPair(certificateFile: string, keyFile: string): Promise<string[]> {
  const names = ['localhost', ...(hostname() === 'localhost' ? [] : [hostname()])];
  const pair = await makeSelfSigned(names, ['127.0.0.1', '::1'], new Date());
  await writeNew(keyFile, pair.key, PRIVATE);
  await writeNew(certificateFile, pair.certificate, 0o644);
  return [certificateFile, keyFile];
}

async function makeCaller(credentialFile: string, hashFile: string): Promise<string[]> {
  const secret = randomBytes(24).toString('base64url');
  await writeNew(hashFile, `${await hashPassword(Secret.fromText(secret))}\n`, PRIVATE);
  await writeNew(credentialFile, `${CALLER}:${secret}\n`, PRIVATE);
  return [credentialFile, hashFile];
}

const DEMO_ACCOUNTS = [
  { name: 'alice@example.test', fields: 'home=/var/mail/alice quota_rule=*:storage=1G alias=postmaster@example.test' },
  { name: 'bob@example.test', fields: 'home=/var/mail/bob quota_rule=*:storage=500M' },
  { name: 'carol@example.test', fields: 'home=/var/mail/carol disabled=yes' },
] as const;

async function makeAccounts(folder: string, withDemo: boolean): Promise<string[]> {
  const accountsFile = path.join(folder, DATA_FILES.accounts);
  const lines = ['# Accounts in the form of passwd-file: name:hash:uid:gid:gecos:home:shell:extra fields'];
  const passwords: string[] = [];
  for (const { name, fields } of withDemo ? DEMO_ACCOUNTS : []) {
    const password = readablePassword();
    lines.push(`${name}:${await hashPassword(Secret.fromText(password))}::::::${fields}`);
    passwords.push(`${name} ${password}`);
  }
  await writeNew(accountsFile, `${lines.join('\n')}\n`, 0o640);
  if (!withDemo) return [accountsFile];
  const passwordsFile = path.join(folder, DATA_FILES.demoPasswords);
  await writeFile(passwordsFile, `${passwords.join('\n')}\n`, { mode: PRIVATE });
  return [accountsFile, passwordsFile];
}

const SYLLABLES = [
  'ba',
  'de',
  'fi',
  'go',
  'ku',
  'la',
  'me',
  'ni',
  'po',
  'ru',
  'sa',
  'te',
  'vi',
  'wo',
  'xu',
  'zy',
] as const;

/** 48 bits, easy to type. */
function readablePassword(): string {
  const syllable = () => SYLLABLES[randomInt(SYLLABLES.length)];
  return Array.from({ length: 3 }, () => `${syllable()}${syllable()}${syllable()}${syllable()}`).join('-');
}

/** The demo accounts' passwords by name; empty where there are none. */
export async function readDemoPasswords(folder: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(path.join(folder, DATA_FILES.demoPasswords), 'utf8').catch(() => '');
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' ', 2) as [string, string]),
  );
}

/** Writes a file that must not be there yet, whole or not at all as far as readers can see its mode. */
async function writeNew(file: string, text: string, mode: number): Promise<void> {
  const handle = await open(file, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
