/**
 * IMAP logins per second through a real Dovecot 2.3 and 2.4, its auth cache off: with our script, with Dovecot's own passwd-file
 * driver, and with other scripts where some are named. Needs root and scripts/prepare-trixie, as the tests do.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { type Dovecot, type DovecotOptions, startDovecot } from '../test/daemons/dovecot.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from '../test/daemons/dovecot-host.ts';
import { ImapClient } from '../test/daemons/mail/imap-client.ts';
import { type Nauthilus, startNauthilus } from '../test/daemons/nauthilus.ts';
import { median } from './measure.ts';
import { treeCpuMsOf } from './process-accounting.ts';

const ACCOUNTS = 1000;
const PASSWORD = 'correct-horse';
const CONNECTIONS = 16;
/** For the compiler of the service, which all of them ask, and for the processes of each Dovecot. */
const WARM_UP_SECONDS = 3;

/** One line of the result, as `--json` writes it. */
export interface DovecotResult {
  /** `dovecot-2.4-nauthilus` and so on. */
  readonly name: string;
  readonly logins_per_second: number;
  /** Median over the rounds, each beside the passwd-file driver of the same round. */
  readonly ratio_to_passwd_file: number;
  /** The same beside the other script in the same way of asking, where there is one. */
  readonly ratio_to_other_script?: number;
  /** CPU time of all processes of Dovecot, and of the service, for each login. */
  readonly dovecot_cpu_ms_per_login: number;
  readonly service_cpu_ms_per_login: number;
  readonly connections: number;
}

export interface DovecotBenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Part of the names of what to measure; the passwd-file driver always is. */
  readonly only: string;
  /** Files of scripts to measure beside ours, each `2.3=FILE` or `2.4=FILE`; SERVICE_URL and SECRET_FILE in them are replaced. */
  readonly others: readonly string[];
}

interface Round {
  readonly rate: number;
  readonly dovecotCpuMs: number;
  readonly serviceCpuMs: number;
}

const KINDS = ['passwd-file', 'nauthilus', 'nauthilus-no-prefetch', 'other', 'other-no-prefetch'] as const;
type Kind = (typeof KINDS)[number];

interface Entry {
  readonly version: DovecotVersion;
  readonly kind: Kind;
  readonly dovecot: Dovecot;
  readonly rounds: Round[];
}

function nameOf(version: DovecotVersion, kind: Kind): string {
  return `dovecot-${version}-${kind}`;
}

function accountOf(i: number): string {
  return `user${i}@example.test`;
}

const ACCOUNT_LINES = Array.from(
  { length: ACCOUNTS },
  (_, i) =>
    `${accountOf(i)}:{PLAIN}${PASSWORD}::::::userdb_quota_rule=*:storage=1G userdb_quota_storage_size=1G rnsMSQuota=1073741824\n`,
).join('');

/** As the guide has them, so that login processes and not the databases are no limit. */
const TUNED: Readonly<Record<DovecotVersion, readonly string[]>> = {
  '2.3': tuned('service_count = 0', 'service_count = 200'),
  '2.4': tuned('restart_request_count = unlimited', 'restart_request_count = 200'),
};

function tuned(forever: string, often: string): readonly string[] {
  return [
    'auth_cache_size = 0',
    `service imap-login {\n  ${forever}\n  process_min_avail = 2\n  client_limit = 1000\n}`,
    `service imap {\n  ${often}\n  process_min_avail = 4\n}`,
    'service auth {\n  client_limit = 4000\n}',
  ];
}

const PASSWD_FILE: Readonly<Record<DovecotVersion, string>> = {
  '2.3': `passdb {\n  driver = passwd-file\n  args = username_format=%u $FOLDER/accounts\n}
userdb {\n  driver = passwd-file\n  args = username_format=%u $FOLDER/accounts\n}`,
  '2.4': `passdb passwd-file {\n  passwd_file_path = $FOLDER/accounts\n}
userdb passwd-file {\n  passwd_file_path = $FOLDER/accounts\n}`,
};

/** Whether any of it is chosen. */
export function choosesDovecots(only: string): boolean {
  return DOVECOT_VERSIONS.some((version) => kindsOf(version, { only, others: [] }).length > 1);
}

/**
 * Measures what is chosen, all of a version round by round, since machines are shared and noisy.
 *
 * @throws {Error} that says what to do where a Dovecot cannot be run here
 */
export async function measureDovecots(options: DovecotBenchOptions): Promise<readonly DovecotResult[]> {
  await using stack = new AsyncDisposableStack();
  const service = stack.use(await startNauthilus({ accounts: ACCOUNT_LINES }));
  const results: DovecotResult[] = [];
  for (const version of DOVECOT_VERSIONS) {
    if (kindsOf(version, options).length === 1) continue;
    await using own = new AsyncDisposableStack();
    const entries = await startAll(version, service, options, own);
    for (const entry of entries) await measure(entry, service, WARM_UP_SECONDS);
    for (let round = 1; round <= options.rounds; round += 1) {
      process.stderr.write(`Dovecot ${version}, round ${round} of ${options.rounds}\n`);
      // There and back: who comes first finds caches that others have filled.
      const inTurn = round % 2 === 0 ? entries.toReversed() : entries;
      for (const entry of inTurn) entry.rounds.push(await measure(entry, service, options.seconds));
    }
    results.push(...entries.map((entry) => conclude(entry, entries)));
  }
  return results;
}

/** The yardstick, and what is chosen. */
function kindsOf(version: DovecotVersion, { only, others }: Pick<DovecotBenchOptions, 'only' | 'others'>) {
  const hasOther = others.some((other) => other.startsWith(`${version}=`));
  return KINDS.filter((kind) => hasOther || !kind.startsWith('other')).filter(
    (kind) => kind === 'passwd-file' || nameOf(version, kind).includes(only),
  );
}

async function startAll(
  version: DovecotVersion,
  service: Nauthilus,
  { only, others }: DovecotBenchOptions,
  stack: AsyncDisposableStack,
): Promise<readonly Entry[]> {
  const file = others.find((other) => other.startsWith(`${version}=`))?.slice(version.length + 1);
  const script = file && (await readFile(file, 'utf8')).replaceAll('SERVICE_URL', service.url);
  const entries: Entry[] = [];
  for (const kind of kindsOf(version, { only, others })) {
    const options: DovecotOptions = {
      version,
      url: service.url,
      ca: service.ca,
      secret: Buffer.from(service.credential).toString('base64'),
      protocols: ['imap'],
      lines: TUNED[version],
      prefetch: !kind.endsWith('-no-prefetch'),
      ...(kind === 'passwd-file' && { databases: PASSWD_FILE[version], files: { accounts: ACCOUNT_LINES } }),
      ...(kind.startsWith('other') && script && { script }),
    };
    entries.push({ version, kind, dovecot: stack.use(await startDovecot(options)), rounds: [] });
  }
  return entries;
}

/** Logs in again and again on a number of connections at a time. */
async function measure({ dovecot }: Entry, service: Nauthilus, seconds: number): Promise<Round> {
  const cpuOf = () => ({ dovecot: treeCpuMsOf(dovecot.pid ?? 0), service: treeCpuMsOf(service.pid ?? 0) });
  let logins = 0;
  let next = 0;
  const before = cpuOf();
  const started = performance.now();
  const until = started + seconds * 1000;
  const drive = async () => {
    while (performance.now() < until) {
      const client = await ImapClient.open(dovecot.ports.imap);
      const { isOk, text } = await client.login(accountOf(next++ % ACCOUNTS), PASSWORD);
      if (!isOk) throw new Error(`a login failed: ${text}\n${(await dovecot.log()).slice(-2000)}`);
      await client.command('LOGOUT');
      client.close();
      logins += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, drive));
  const took = (performance.now() - started) / 1000;
  const after = cpuOf();
  return {
    rate: logins / took,
    dovecotCpuMs: (after.dovecot - before.dovecot) / logins,
    serviceCpuMs: (after.service - before.service) / logins,
  };
}

function conclude({ version, kind, rounds }: Entry, all: readonly Entry[]): DovecotResult {
  const of = (field: keyof Round) => median(rounds.map((round) => round[field]));
  const besides = (yardstick: string) => {
    const other = all.find((entry) => entry.kind === yardstick);
    return other && Number(median(rounds.map(({ rate }, i) => rate / (other.rounds[i]?.rate ?? rate))).toFixed(2));
  };
  const besideOther = kind.startsWith('nauthilus') ? besides(kind.replace('nauthilus', 'other')) : undefined;
  return {
    name: nameOf(version, kind),
    logins_per_second: Math.round(of('rate')),
    ratio_to_passwd_file: besides('passwd-file') ?? 1,
    ...(besideOther !== undefined && { ratio_to_other_script: besideOther }),
    dovecot_cpu_ms_per_login: Number(of('dovecotCpuMs').toFixed(3)),
    service_cpu_ms_per_login: Number(of('serviceCpuMs').toFixed(3)),
    connections: CONNECTIONS,
  };
}

export function renderDovecotTable(results: readonly DovecotResult[]): string {
  const head = 'scenario                          logins/s  to passwd-file  to other  CPU/login: Dovecot   service';
  const rows = results.map((one) =>
    [
      one.name.padEnd(32),
      String(one.logins_per_second).padStart(9),
      one.ratio_to_passwd_file.toFixed(2).padStart(15),
      (one.ratio_to_other_script?.toFixed(2) ?? '').padStart(9),
      `${one.dovecot_cpu_ms_per_login.toFixed(2)} ms`.padStart(19),
      `${one.service_cpu_ms_per_login.toFixed(2)} ms`.padStart(9),
    ].join(' '),
  );
  return `${[head, ...rows].join('\n')}\n`;
}
