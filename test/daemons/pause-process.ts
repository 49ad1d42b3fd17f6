import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const WITHIN_MS = 5000;

/**
 * Stops a process (SIGSTOP) until it is told to go on, and comes back when it stands still: on a busy machine some of its threads
 * still work for a while after the signal. @throws {Error} where it does not within five seconds
 */
export function pauseProcess(child: ChildProcess | undefined): void {
  if (child?.pid === undefined || !child.kill('SIGSTOP')) return;
  for (const deadline = Date.now() + WITHIN_MS; !standsStill(child.pid); sleepHere(1))
    if (Date.now() > deadline) throw new Error(`process ${child.pid} does not stop`);
}

/** Whether each thread is stopped, or has ended: proc(5), the field behind the name in parentheses. */
function standsStill(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  try {
    return readdirSync(tasks).every((task) => {
      const stat = readFileSync(`${tasks}/${task}/stat`, 'latin1');
      return /^[TtZX]$/.test(stat.charAt(stat.lastIndexOf(')') + 2));
    });
  } catch {
    // One of them has just ended.
    return false;
  }
}

function sleepHere(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
