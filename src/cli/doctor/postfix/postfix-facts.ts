import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { parseDoveconf } from '../doveconf.ts';
import { askSasl, type SaslOutcome, type SaslPlace, type SaslServer } from './sasl-probe.ts';

/** What was found of a Postfix. */
export interface PostfixFacts {
  /** Settings of main.cf and defaults by name; a text that says why they cannot be read. */
  readonly settings: ReadonlyMap<string, string> | string;
  /** Settings of master.cf that go before them, such as `submission/inet/smtpd_sasl_type = cyrus`. */
  readonly overrides: readonly string[];
  readonly place: SaslPlace | undefined;
  /** Who answers there; a text that says why nobody does; absent where nobody was asked. */
  readonly server: SaslServer | string | undefined;
  /** How a login ended of a user that nobody can have. */
  readonly nobody: SaslOutcome | undefined;
  /** How a login ended of an account that there is, with a password that is not its own. */
  readonly wrong: { readonly account: string; readonly outcome: SaslOutcome } | undefined;
  /** The name of the program that answers; absent where that cannot be known. */
  readonly program: string | undefined;
  /** What in the configuration of this machine's Dovecot makes it take any password. */
  readonly traps: readonly string[];
}

export interface PostfixPlace {
  /** The folder of main.cf, when not the one Postfix was built for. */
  readonly configDir: string | undefined;
  /** The program that prints the settings of Dovecot. */
  readonly doveconf: string;
  /** An account whose login is tried with a wrong password. */
  readonly account: string | undefined;
}

const DEADLINE_MS = 30_000;
const run = promisify(execFile);

/** Looks at everything and changes nothing. Never throws for what it finds. */
export async function gatherPostfixFacts({ configDir, doveconf, account }: PostfixPlace): Promise<PostfixFacts> {
  const config = configDir === undefined ? [] : ['-c', configDir];
  const settings = await printed('postconf', config).then(readSettings, reasonOf);
  const overrides = await printed('postconf', [...config, '-P']).then(linesOf, () => []);
  const place = typeof settings === 'string' ? undefined : placeOf(settings);
  const nothing = { nobody: undefined, wrong: undefined, program: undefined, server: undefined };
  const found = place === undefined ? nothing : await meet(place, account);
  const traps = await printed(doveconf, ['-n']).then(findTraps, () => []);
  return { settings, overrides, place, ...found, traps };
}

type Met = Pick<PostfixFacts, 'server' | 'nobody' | 'wrong' | 'program'>;

async function meet(place: SaslPlace, account: string | undefined): Promise<Met> {
  const guess = () => randomBytes(12).toString('base64url');
  try {
    const { server } = await askSasl(place);
    const nobody = await askSasl(place, { name: `nobody-${guess()}@invalid`, password: guess() });
    const wrong = account === undefined ? undefined : await askSasl(place, { name: account, password: guess() });
    return {
      server,
      nobody: nobody.outcome,
      wrong: account === undefined || wrong === undefined ? undefined : { account, outcome: wrong.outcome },
      program: await programOf(server),
    };
  } catch (cause) {
    return { server: reasonOf(cause), nobody: undefined, wrong: undefined, program: undefined };
  }
}

function placeOf(settings: ReadonlyMap<string, string>): SaslPlace | undefined {
  if (settings.get('smtpd_sasl_type') !== 'dovecot') return undefined;
  const where = settings.get('smtpd_sasl_path') ?? '';
  const [, host, port] = /^inet:\[?([^\]]*?)\]?:(\d+)$/.exec(where) ?? [];
  if (host !== undefined) return { kind: 'inet', host: host || '127.0.0.1', port: Number(port) };
  const file = where.replace(/^unix:/, '');
  return { kind: 'unix', path: path.resolve(settings.get('queue_directory') ?? '/var/spool/postfix', file) };
}

async function programOf({ pid }: SaslServer): Promise<string | undefined> {
  if (pid === undefined) return undefined;
  return readFile(`/proc/${pid}/comm`, 'utf8').then(
    (name) => name.trim(),
    () => undefined,
  );
}

/** Where passdbs of a Dovecot say of accounts that they need no password, or leave it to another Dovecot to ask for it. */
function findTraps(text: string): readonly string[] {
  const passdbs = parseDoveconf(text).blocks.filter(({ kind }) => kind === 'passdb');
  return passdbs.flatMap(({ name, settings, blocks }) => {
    const all = [...settings, ...blocks.flatMap((block) => [...block.settings])];
    const driver = settings.get('driver') ?? settings.get('passdb_driver') ?? name;
    return all
      .filter(([key, value]) => TRAP_NAME.test(key) || TRAP_IN_FIELDS.test(value))
      .map(([key, value]) => `passdb ${driver}: ${key} = ${value}`);
  });
}

const TRAP_NAME = /(^|\/)(nopassword|proxy|proxy_maybe)$/;
const TRAP_IN_FIELDS = /(^|\s)(nopassword|proxy|proxy_maybe)(=y(es)?)?(\s|$)/;

async function printed(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, args, { timeout: DEADLINE_MS, maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function readSettings(text: string): ReadonlyMap<string, string> {
  return new Map(
    linesOf(text).map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).trim();
}
