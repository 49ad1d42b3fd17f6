/**
 * A real HAProxy for tests, in the foreground. Stopped by its pid.
 *
 * @module
 */
import { spawn } from 'node:child_process';
import { stopDaemon, untilOpen } from './child-daemon.ts';

const START_DEADLINE_MS = 10_000;

export interface HaproxyOptions {
  /** Its configuration, absolute. */
  readonly file: string;
  /** Ports that must take connections. */
  readonly ports: readonly number[];
}

/** Starts it; its ports take connections once the promise is fulfilled. @throws {Error} with its own words where it does not start */
export async function startHaproxy({ file, ports }: HaproxyOptions): Promise<AsyncDisposable> {
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said = (said + piece.toString()).slice(-4000);
  });
  const haproxy = { [Symbol.asyncDispose]: () => stopDaemon(child) };
  try {
    for (const port of ports) await untilOpen(port, child, START_DEADLINE_MS);
    return haproxy;
  } catch (error) {
    await stopDaemon(child);
    throw new Error(`HAProxy does not start: ${said}`, { cause: error });
  }
}
