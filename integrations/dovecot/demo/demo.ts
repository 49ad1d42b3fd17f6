/**
 * `npm run demo [-- --dovecot 2.4]`: shows the service at work. Starts it with three demo accounts and a real Dovecot beside
 * it, both on loopback ports of their own and with all files in temporary folders, logs in, and leaves both running until
 * Ctrl-C. Dovecot 2.4 is Debian 13's, unpacked below .cache.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DATA_FILES, fillDataFolder, readDemoPasswords } from '../../../src/cli/init/data-folder.ts';
import { type Dovecot, startDovecot } from '../../../test/daemons/dovecot.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from '../../../test/daemons/dovecot-host.ts';
import { freePort } from '../../../test/daemons/free-port.ts';
import { ImapClient } from '../../../test/daemons/mail/imap-client.ts';
import { NauthilusProcess } from '../../../test/daemons/nauthilus-process.ts';

const EXAMPLE_PORT = 'port: 9443';
/** The demo accounts' homes are those of a real system, where Dovecot's are in its own folder here. */
const WITHOUT_HOMES = '\ndovecot:\n  attributes:\n    home: { fields: [] }\n';
const PREPARE_TRIXIE = fileURLToPath(new URL('../../../scripts/prepare-trixie', import.meta.url));

interface Login {
  readonly name: string;
  readonly password: string;
}

async function main(): Promise<number> {
  const version = chosenVersion();
  if (version === undefined) {
    process.stderr.write(`demo: --dovecot must be ${DOVECOT_VERSIONS.join(' or ')}\n`);
    return 2;
  }
  if (process.getuid?.() !== 0) {
    process.stderr.write(
      'demo: this starts a Dovecot, which runs its parts as users of its own and can only do so for root.\n' +
        'Try "sudo npm run demo", or "npm start" for the service alone.\n',
    );
    return 1;
  }
  if (version === '2.4' && spawnSync('sh', [PREPARE_TRIXIE], { stdio: 'inherit' }).status !== 0) return 1;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-demo-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const { port, accounts } = await prepare(folder);
  const url = `https://127.0.0.1:${port}/api/v1/auth/json`;

  say('Starting the service');
  const service = cleanup.use(new NauthilusProcess(folder));
  await service.start();
  tell(`${url}, its files are in ${folder}`);
  say(`Starting Dovecot ${version}`);
  const dovecot = cleanup.use(
    await startDovecot({
      version,
      url,
      ca: await readFile(join(folder, DATA_FILES.certificate), 'utf8'),
      secret: await readFile(join(folder, DATA_FILES.credential), 'utf8'),
      protocols: ['imap'],
    }),
  );
  tell(`IMAP on 127.0.0.1:${dovecot.ports.imap}, its files are in ${dovecot.folder}`);
  await show(dovecot, accounts);
  tellHowToTry(dovecot, accounts, folder);
  await aborted(stop.signal);
  say('Stopping both');
  return 0;
}

function chosenVersion(): DovecotVersion | undefined {
  const { values } = parseArgs({ options: { dovecot: { type: 'string', default: '2.3' } } });
  return DOVECOT_VERSIONS.find((version) => version === values.dovecot);
}

/** Fills the folder as `nauthilus init --demo` does, but for a port that is free. */
async function prepare(folder: string): Promise<{ port: number; accounts: readonly Login[] }> {
  await fillDataFolder(folder, true);
  const port = await freePort();
  const configFile = join(folder, DATA_FILES.config);
  const config = await readFile(configFile, 'utf8');
  if (!config.includes(EXAMPLE_PORT)) throw new Error(`${configFile}: no "${EXAMPLE_PORT}" to change`);
  await writeFile(configFile, config.replace(EXAMPLE_PORT, `port: ${port}`) + WITHOUT_HOMES);
  const passwords = await readDemoPasswords(folder);
  return { port, accounts: [...passwords].map(([name, password]) => ({ name, password })) };
}

async function show(dovecot: Dovecot, accounts: readonly Login[]): Promise<void> {
  const [alice, , carol] = accounts;
  if (alice === undefined || carol === undefined) throw new Error('there are no demo accounts');
  say(`${alice.name} logs in over IMAP with STARTTLS`);
  await login(dovecot, alice, ['GETQUOTAROOT INBOX', 'LOGOUT']);
  say(`${alice.name} with a wrong password`);
  await login(dovecot, { ...alice, password: 'a-wrong-one' }, []);
  say(`${carol.name} is disabled; even the right password does not help`);
  await login(dovecot, carol, []);
  for (const args of [
    ['user', alice.name],
    ['user', '*'],
  ]) {
    say(`doveadm ${args.join(' ')}`);
    const { stdout, stderr } = await dovecot.doveadm(...args);
    for (const line of (stdout + stderr).trimEnd().split('\n')) tell(line);
  }
  say('What Dovecot logged of it; the service logged each decision under the same nauthilus_session');
  for (const line of (await dovecot.log()).split('\n')) if (line.includes('nauthilus: ')) tell(line);
}

async function login(dovecot: Dovecot, { name, password }: Login, commands: readonly string[]): Promise<void> {
  const client = await ImapClient.open(dovecot.ports.imap, tell);
  try {
    await client.startTls();
    const { isOk } = await client.login(name, password);
    if (isOk) for (const command of commands) await client.command(command);
  } finally {
    client.close();
  }
}

function tellHowToTry(dovecot: Dovecot, accounts: readonly Login[], folder: string): void {
  const { imap } = dovecot.ports;
  say('Try it yourself');
  tell(`A mail client: IMAP, 127.0.0.1, port ${imap}, STARTTLS, password; accept the self-signed certificate.`);
  for (const { name, password } of accounts) tell(`  ${name}  ${password}`);
  tell(`By hand: openssl s_client -quiet -crlf -starttls imap -connect 127.0.0.1:${imap}`);
  tell(`Decisions of the service: tail -f ${join(folder, 'service.log')}`);
  tell(`Dovecot's log: tail -f ${join(dovecot.folder, 'dovecot.log')}`);
  say('Both run until Ctrl-C.');
}

function say(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

function tell(text: string): void {
  process.stdout.write(`    ${text}\n`);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    // A pending signal keeps no process alive.
    const alive = setInterval(() => undefined, 60_000);
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(alive);
        resolve();
      },
      { once: true },
    );
  });
}

process.exitCode = await main();
