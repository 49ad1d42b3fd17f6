import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Secret } from '../../login/secret.ts';
import { type Database, DovecotSettings } from './dovecot-settings.ts';
import type { DoorAnswers, Facts, FileReading, RealLogins, Trust } from './facts.ts';
import { type GlueSettings, readGlueSettings } from './glue-settings.ts';
import { findHindrance, findHostUser, type HostUser } from './host-user.ts';
import { findLua } from './lua-installation.ts';
import { parseLuaTable } from './lua-table.ts';
import type { MailHost } from './mail-host.ts';
import { tryRealLogins } from './real-logins.ts';
import { type CredentialReading, readSecretFile } from './secret-file.ts';
import { reachService, ServiceDoor } from './service-door.ts';

const GLUE = new URL('../../../integrations/dovecot/nauthilus.lua', import.meta.url);
const SETTINGS_NAME = 'nauthilus-settings.lua';

/** Whose login is tried through Dovecot itself. */
export interface RealAccount {
  readonly name: string;
  readonly password: Secret;
  /** Whether wrong passwords are tried with names that Dovecot rewrites. */
  readonly isProbed: boolean;
}

/** Looks at everything, and asks the service where its certificate is trusted. Never throws for what it finds. */
export async function gatherFacts(host: MailHost, account: RealAccount | undefined): Promise<Facts> {
  // Without -P, 2.3 hides the cache key of a passdb as if it were one of those that have to be kept secret.
  const doveconf = await host.doveconf('-P', '-a');
  const dovecot = new DovecotSettings(doveconf.stdout);
  const authUser = await findUser(host, dovecot, 'auth', dovecot.authUser);
  const lua = findLuaDatabase(dovecot);
  const asker =
    lua?.usesWorkers === false ? authUser : await findUser(host, dovecot, 'auth-worker', dovecot.workerUser);
  const reader = new DovecotReader(host, authUser, asker);
  const script = await reader.read(lua?.script);
  const { settingsFile, settings } = await findSettings(reader, script, lua?.luaSettings ?? new Map());
  const trust = await findTrust(reader, dovecot);
  return {
    host,
    doveconf,
    dovecot,
    lua: await findLua(host, dovecot),
    authUser,
    script,
    ownGlue: await readFile(GLUE, 'utf8'),
    settingsFile,
    settings,
    trust,
    ...(await meetService(reader, settings, trust, dovecot)),
    real: await tryAccount(host, dovecot, account),
  };
}

function findLuaDatabase(dovecot: DovecotSettings): Database | undefined {
  const databases = [...dovecot.databases('passdb'), ...dovecot.databases('userdb')];
  return databases.find(({ driver, isMaster, script }) => driver === 'lua' && !isMaster && script !== undefined);
}

async function meetService(
  reader: DovecotReader,
  settings: GlueSettings | string | undefined,
  trust: Trust,
  dovecot: DovecotSettings,
): Promise<Pick<Facts, 'secretFile' | 'credential' | 'reach' | 'answers'>> {
  if (typeof settings !== 'object')
    return { secretFile: undefined, credential: undefined, reach: undefined, answers: undefined };
  const secretFile = await reader.read(settings.secretFile);
  const credential = secretFile.kind === 'read' ? readSecretFile(secretFile.bytes) : undefined;
  const reach = await reachService(settings.url, trust.pems);
  const answers = reach.kind === 'reached' ? await askAll(settings, credential, trust, dovecot) : undefined;
  return { secretFile, credential, reach, answers };
}

function tryAccount(
  host: MailHost,
  dovecot: DovecotSettings,
  account: RealAccount | undefined,
): Promise<RealLogins> | undefined {
  return account && tryRealLogins(host, dovecot, account);
}

function findUser(
  host: MailHost,
  dovecot: DovecotSettings,
  service: string,
  name: string,
): Promise<HostUser | undefined> {
  const groups = ['group', 'extra_groups', 'privileged_group'].flatMap((setting) =>
    (dovecot.ofService(service, setting) ?? '').split(/[\s,]+/),
  );
  const named = groups.map((group) => group.replace(/^\$(SET:)?default_internal_group$/, 'dovecot'));
  return findHostUser(
    host,
    name,
    named.filter((group) => group !== ''),
  );
}

/** Reads files, and finds out whether Dovecot could. */
class DovecotReader {
  readonly host: MailHost;
  readonly #auth: HostUser | undefined;
  readonly #worker: HostUser | undefined;

  constructor(host: MailHost, auth: HostUser | undefined, worker: HostUser | undefined) {
    this.host = host;
    this.#auth = auth;
    this.#worker = worker;
  }

  async read(file: string): Promise<FileReading>;
  async read(file: string | undefined): Promise<FileReading | undefined>;
  async read(file: string | undefined): Promise<FileReading | undefined> {
    if (file === undefined) return undefined;
    try {
      const { mode } = await this.host.status(file);
      const hindrance = (user: HostUser | undefined) => user && findHindrance(this.host, file, user);
      const hindranceOfAuth = await hindrance(this.#auth);
      const hindranceOfWorker = await hindrance(this.#worker);
      const bytes = await this.host.read(file);
      return { kind: 'read', path: file, bytes, mode, hindranceOfAuth, hindranceOfWorker };
    } catch (cause) {
      return { kind: 'unread', path: file, message: whyUnread(cause) };
    }
  }
}

const UNREAD: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it cannot be read by the one who runs this command; run it as root',
  EISDIR: 'it is a folder',
};

function whyUnread(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return UNREAD[code ?? ''] ?? message;
}

async function findSettings(
  reader: DovecotReader,
  script: FileReading | undefined,
  given: ReadonlyMap<string, string>,
): Promise<Pick<Facts, 'settingsFile' | 'settings'>> {
  const nothing = { settingsFile: undefined, settings: undefined };
  if (script?.kind !== 'read' || !script.bytes.includes(SETTINGS_NAME)) return nothing;
  const settingsFile = await reader.read(path.posix.join(path.posix.dirname(script.path), SETTINGS_NAME));
  if (settingsFile.kind === 'unread')
    return given.size === 0
      ? { settingsFile, settings: undefined }
      : { settingsFile: undefined, settings: readGlueSettings(given) };
  const table = parseLuaTable(settingsFile.bytes.toString('utf8'));
  if (table.kind === 'problem') return { settingsFile, settings: table.message };
  return { settingsFile, settings: readGlueSettings(new Map([...table.values, ...given])) };
}

async function findTrust(reader: DovecotReader, dovecot: DovecotSettings): Promise<Trust> {
  const file = dovecot.get('ssl_client_ca_file').replace(/^</, '');
  const caFile = file === '' ? undefined : await reader.read(file);
  const folder = dovecot.get('ssl_client_ca_dir');
  const pems = caFile?.kind === 'read' ? [caFile.bytes.toString('latin1')] : [];
  if (folder === '') return { caFile, pems };
  // OpenSSL finds what is in a folder by the hash of its name only.
  for (const name of (await reader.host.list(folder)).filter((one) => /^[0-9a-f]{8}\.\d+$/.test(one))) {
    const pem = await reader.host.read(path.posix.join(folder, name)).catch(() => undefined);
    if (pem !== undefined) pems.push(pem.toString('latin1'));
  }
  return { caFile, pems };
}

/** Enough to see how long an answer takes, too few to be a nuisance. */
const LOGINS = 4;

async function askAll(
  settings: GlueSettings,
  credential: CredentialReading | undefined,
  { pems }: Trust,
  { generation }: DovecotSettings,
): Promise<DoorAnswers | undefined> {
  if (credential?.kind !== 'credential') return undefined;
  using door = new ServiceDoor(settings.url, credential.authorization, pems);
  const fields = `fields=dovecot${generation.replace('.', '')}`;
  const username = `doctor-${randomBytes(6).toString('hex')}@nauthilus.invalid`;
  const question = { method: 'POST', deadlineMs: settings.timeoutMs } as const;
  const logins = [];
  for (let number = 0; number < LOGINS; number += 1) {
    const body = { username, password: randomBytes(18).toString('base64url'), protocol: 'doveadm', method: 'plain' };
    const answer = await door.ask({ ...question, query: fields, body });
    logins.push(answer);
    // Wrong credentials are counted, and no further answer would tell more.
    if (typeof answer === 'string' || answer.status === 401 || answer.status === 429) break;
  }
  const [first] = logins;
  const isKnown =
    typeof first === 'object' && (first.status !== 401 || first.body.includes('scope')) && first.status !== 429;
  if (!isKnown) return { logins, lookUp: undefined, list: undefined };
  const lookUp = await door.ask({
    ...question,
    query: `mode=no-auth&${fields}`,
    body: { username, protocol: 'doveadm' },
  });
  const list = await door.ask({ method: 'GET', query: 'mode=list-accounts', deadlineMs: settings.listTimeoutMs });
  return { logins, lookUp, list };
}
