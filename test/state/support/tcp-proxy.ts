import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Stands between a client and a server on this machine, counts connections, and takes its time. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that were made so far. */
  readonly connections: number;
  /** Milliseconds by which what is sent in either direction is late. */
  delayMs: number;
}

export async function openTcpProxy(target: () => { readonly port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const proxy = { port: 0, connections: 0, delayMs: 0 };
  const server = createServer((client) => {
    proxy.connections += 1;
    const peer = connect(target().port, '127.0.0.1');
    for (const [from, to] of [
      [client, peer],
      [peer, client],
    ] as const) {
      sockets.add(from);
      const inOrder = openQueue();
      from.on('data', (piece) => inOrder(proxy.delayMs, () => to.write(piece)));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.port = (server.address() as AddressInfo).port;
  return Object.assign(proxy, {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
}

/** Does things after a time each, never one before another that came earlier. */
function openQueue(): (delayMs: number, action: () => void) => void {
  const waiting: (() => void)[] = [];
  let dueAt = 0;
  return (delayMs, action) => {
    if (delayMs === 0 && waiting.length === 0) return action();
    waiting.push(action);
    dueAt = Math.max(dueAt, performance.now() + delayMs);
    // Of two timers for about the same time the later one may come first: each does what waits longest.
    setTimeout(() => waiting.shift()?.(), dueAt - performance.now());
  };
}
