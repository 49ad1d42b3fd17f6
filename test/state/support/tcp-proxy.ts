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
      from.on('data', (piece) => later(proxy.delayMs, () => to.write(piece)));
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

function later(delayMs: number, action: () => void): void {
  if (delayMs === 0) action();
  else setTimeout(action, delayMs);
}
