import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

const FIRST_PORT = 10_000;
const TRIES = 100;
const taken = new Set<number>();

/**
 * A loopback TCP port that nothing listens on right now, not given before. It lies below those the kernel takes for
 * connections to others: a daemon that is stopped and started again finds it free, however many connections there were
 * meanwhile. @throws {Error} where a hundred ports in a row are in use
 */
export async function freePort(): Promise<number> {
  const end = await firstEphemeralPort();
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * (end - FIRST_PORT));
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error(`no free port was found from ${FIRST_PORT} to ${end - 1}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

async function firstEphemeralPort(): Promise<number> {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'latin1');
  const first = Number.parseInt(range, 10);
  return first > FIRST_PORT + 1000 ? first : 32_768;
}
