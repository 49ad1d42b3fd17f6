/**
 * A real Cyrus saslauthd for tests, with the mechanism that asks by HTTP, and the program that asks it. Stopped by its pid.
 *
 * @module
 */
import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runTool, tryTool } from './run-tool.ts';

const PROGRAM = fileURLToPath(new URL('../../.cache/saslauthd/saslauthd', import.meta.url));
const DEADLINE_MS = 10_000;

export interface SaslauthdLogin {
  readonly user: string;
  readonly password: string;
  readonly realm?: string;
}

export interface Saslauthd extends AsyncDisposable {
  /** The socket that mail servers ask. */
  readonly socket: string;
  /** Asks as `testsaslauthd` does: the first word of what it was told, `OK` or `NO`; empty where it was told nothing. */
  ask(login: SaslauthdLogin): Promise<string>;
}

/**
 * Starts it with a configuration of httpform, as Debian does with `THREADS=0`; it answers once the promise is fulfilled.
 * @throws {Error} with its own words where it does not start
 */
export async function startSaslauthd(conf: string): Promise<Saslauthd> {
  await access(PROGRAM).catch(() => {
    throw new Error('saslauthd with httpform is not built: run "sh scripts/prepare-saslauthd"');
  });
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-saslauthd-'));
  // Mail servers ask as their own users.
  await chmod(folder, 0o755);
  const confFile = join(folder, 'saslauthd.conf');
  await writeFile(confFile, conf, { mode: 0o600 });
  const saslauthd = new RunningSaslauthd(folder);
  try {
    await runTool([PROGRAM, '-a', 'httpform', '-O', confFile, '-m', folder, '-n', '0']);
    await untilThere(saslauthd.socket, true);
    return saslauthd;
  } catch (error) {
    await saslauthd[Symbol.asyncDispose]();
    throw error;
  }
}

/** Asks whoever listens at a socket as `testsaslauthd` does: the first word of what it was told; empty where it was told nothing. */
export async function askSaslauthd(socket: string, { user, password, realm = '' }: SaslauthdLogin): Promise<string> {
  const command = ['testsaslauthd', '-f', socket, '-u', user, '-p', password, '-r', realm, '-s', 'smtp'];
  const { stdout } = await tryTool(command);
  const answer = /^0: (\w*)/.exec(stdout)?.[1];
  if (answer === undefined) throw new Error(`testsaslauthd: ${stdout}`);
  return answer;
}

class RunningSaslauthd implements Saslauthd {
  readonly socket: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.socket = join(folder, 'mux');
    this.#folder = folder;
  }

  ask(login: SaslauthdLogin): Promise<string> {
    return askSaslauthd(this.socket, login);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It has left the process that started it behind.
    const pid = Number(await readFile(join(this.#folder, 'saslauthd.pid'), 'utf8').catch(() => '0'));
    if (pid > 1) {
      process.kill(pid, 'SIGTERM');
      await untilThere(this.socket, false);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function untilThere(socket: string, isWanted: boolean): Promise<void> {
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; await sleep(20)) {
    const isThere = await access(socket).then(
      () => true,
      () => false,
    );
    if (isThere === isWanted) return;
  }
  throw new Error(`${socket} does not ${isWanted ? 'appear' : 'go'}`);
}
