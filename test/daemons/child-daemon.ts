import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Stops a daemon that this test has started, and waits for its end. */
export async function stopDaemon(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Whether somebody takes connections at a port, within a second. */
export async function isOpen(port: number, address = '127.0.0.1'): Promise<boolean> {
  const socket = connect(port, address);
  const answer = once(socket, 'connect').then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answer, sleep(1000, false)]);
  } finally {
    socket.destroy();
  }
}

/** Waits until a daemon takes connections. Rejected where it ends before, or takes none within the deadline. */
export async function untilOpen(port: number, child: ChildProcess, deadlineMs: number): Promise<void> {
  for (const deadline = Date.now() + deadlineMs; Date.now() < deadline; await sleep(20)) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    if (await isOpen(port)) return;
  }
  throw new Error(`port ${port} takes no connections`);
}
