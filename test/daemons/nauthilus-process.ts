import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 15_000;

/** `nauthilus serve` on the nauthilus.yaml of a folder, where its log goes too. Ends with this process at the latest. */
export class NauthilusProcess implements AsyncDisposable {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  readonly #stopWithParent = (): void => {
    this.#child?.kill('SIGKILL');
  };

  constructor(folder: string) {
    this.#folder = folder;
    process.once('exit', this.#stopWithParent);
  }

  /** Starts it; it answers once the promise is fulfilled. @throws {Error} with its own words where it does not */
  async start(): Promise<void> {
    const log = await open(join(this.#folder, 'service.log'), 'a');
    const child = spawn(LAUNCHER, ['serve', '--config', join(this.#folder, 'nauthilus.yaml')], {
      stdio: ['ignore', log.fd, 'pipe'],
    });
    await log.close();
    this.#child = child;
    try {
      await readiness(child);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    // Where it could not even be spawned, no exit would ever come.
    if (child.pid === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await ended;
    clearTimeout(deadline);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What it has logged so far, a JSON object a line. */
  log(): Promise<string> {
    return readFile(join(this.#folder, 'service.log'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    process.removeListener('exit', this.#stopWithParent);
  }
}

/** Waits until the service says that it is ready. @throws {Error} with its own words where it ends before, or takes too long */
async function readiness(child: ChildProcess): Promise<void> {
  let said = '';
  const deadline = new AbortController();
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`the service ${why}: ${said}`));
    sleep(START_DEADLINE_MS, undefined, { signal: deadline.signal }).then(
      () => fail('is not ready within 60 s'),
      () => undefined,
    );
    child.stderr?.on('data', (piece: Buffer) => {
      said = (said + piece.toString()).slice(-4000);
      if (said.includes(' is ready: ')) resolve();
    });
    child.once('exit', (code) => fail(`ended with ${code}`));
    child.once('error', (error) => fail(error.message));
  }).finally(() => deadline.abort());
}
