/**
 * Measures IMAP logins per second through a real Dovecot 2.3 and 2.4, its auth cache off: with our script, with Dovecot's own
 * passwd-file driver, and with another script where one is named. Needs root and scripts/prepare-trixie, as the tests do.
 *
 *     node bench/dovecot.ts [--only 2.4] [--rounds N] [--seconds S] [--connections N] [--other 2.3=FILE] [--json FILE]
 *
 * In the other script SERVICE_URL and SECRET_FILE are replaced. All are measured in turn, round by round; the ratio is the
 * median over the rounds, since machines are shared and noisy.
 *
 * @module
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Dovecot, type DovecotOptions, startDovecot } from '../test/daemons/dovecot.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from '../test/daemons/dovecot-host.ts';
import { ImapClient } from '../test/daemons/mail/imap-client.ts';
import { type Nauthilus, startNauthilus } from '../test/daemons/nauthilus.ts';
import { median } from './measure.ts';

const ACCOUNTS = 1000;
const PASSWORD = 'correct-horse';

interface Entry {
  readonly version: DovecotVersion;
  readonly what: string;
  readonly dovecot: Dovecot;
  readonly rates: number[];
}

function nameOf(i: number): string {
  return `user${i}@example.test`;
}

const ACCOUNT_LINES = Array.from(
  { length: ACCOUNTS },
  (_, i) => `${nameOf(i)}:{PLAIN}${PASSWORD}::::::userdb_quota_rule=*:storage=1G\n`,
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

async function startAll(
  version: DovecotVersion,
  service: Nauthilus,
  other: string | undefined,
  stack: AsyncDisposableStack,
): Promise<readonly Entry[]> {
  const shared: DovecotOptions = {
    version,
    url: service.url,
    ca: service.ca,
    secret: Buffer.from(service.credential).toString('base64'),
    protocols: ['imap'],
    lines: TUNED[version],
  };
  const script = other?.replaceAll('SERVICE_URL', service.url);
  const kinds: readonly (readonly [what: string, options: DovecotOptions])[] = [
    ['passwd-file', { ...shared, databases: PASSWD_FILE[version], files: { accounts: ACCOUNT_LINES } }],
    ['nauthilus.lua', shared],
    ['nauthilus.lua, no prefetch', { ...shared, prefetch: false }],
    ...(script === undefined ? [] : ([['other script, no prefetch', { ...shared, prefetch: false, script }]] as const)),
    ...(script === undefined ? [] : ([['other script', { ...shared, script }]] as const)),
  ];
  const entries: Entry[] = [];
  for (const [what, options] of kinds)
    entries.push({ version, what, dovecot: stack.use(await startDovecot(options)), rates: [] });
  return entries;
}

/** Logs in again and again on a number of connections at a time; gives the logins per second. */
async function measure({ dovecot }: Entry, connections: number, seconds: number): Promise<number> {
  let logins = 0;
  let next = 0;
  const started = performance.now();
  const until = started + seconds * 1000;
  const drive = async () => {
    while (performance.now() < until) {
      const client = await ImapClient.open(dovecot.ports.imap);
      const { isOk, text } = await client.login(nameOf(next++ % ACCOUNTS), PASSWORD);
      if (!isOk) throw new Error(`a login failed: ${text}\n${(await dovecot.log()).slice(-2000)}`);
      await client.command('LOGOUT');
      client.close();
      logins += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, drive));
  return logins / ((performance.now() - started) / 1000);
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '16' },
    other: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
  },
});

async function main(): Promise<void> {
  const others = new Map(values.other.map((text) => text.split('=', 2) as [string, string]));
  const rounds = Number(values.rounds);
  await using stack = new AsyncDisposableStack();
  const service = stack.use(await startNauthilus({ accounts: ACCOUNT_LINES }));
  const results: object[] = [];
  for (const version of DOVECOT_VERSIONS.filter((one) => one.includes(values.only))) {
    await using own = new AsyncDisposableStack();
    const file = others.get(version);
    const entries = await startAll(version, service, file && (await readFile(file, 'utf8')), own);
    for (const entry of entries) await measure(entry, Number(values.connections), 1);
    for (let round = 0; round < rounds; round += 1)
      for (const entry of entries)
        entry.rates.push(await measure(entry, Number(values.connections), Number(values.seconds)));
    results.push(...entries.map((entry) => conclude(entry, entries[0] ?? entry)));
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
}

function conclude({ version, what, rates }: Entry, yardstick: Entry): object {
  const ratio = median(rates.map((rate, i) => rate / (yardstick.rates[i] ?? rate)));
  const result = {
    version,
    what,
    logins_per_second: Math.round(median(rates)),
    to_passwd_file: Number(ratio.toFixed(2)),
  };
  const columns = [
    version,
    what.padEnd(28),
    String(result.logins_per_second).padStart(6),
    ratio.toFixed(2).padStart(6),
  ];
  process.stdout.write(`${columns.join('  ')}\n`);
  return result;
}

await main();
