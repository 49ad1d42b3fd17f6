import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A server that is none, or not a good one, on a free loopback port. */
export interface OddServer extends AsyncDisposable {
  readonly url: string;
}

/** Takes connections and never says a word. */
export function startSilentServer(): Promise<OddServer> {
  return listen((socket) => socket.resume());
}

export interface CuttingProxy extends OddServer {
  /** Whether answers that hold an entry are cut off in their middle, with a reset. */
  isCutting: boolean;
  readonly cuts: number;
}

/** Stands before a real server, and resets connections in the middle of answers where it is told to. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  let isCutting = false;
  let cuts = 0;
  const server = await listen((client) => {
    const upstream = connect(port, '127.0.0.1');
    const end = () => {
      upstream.destroy();
      client.destroy();
    };
    client.pipe(upstream);
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
    upstream.on('data', (chunk: Buffer) => {
      if (!isCutting || !chunk.includes('nauthilusAccount')) {
        client.write(chunk);
        return;
      }
      cuts += 1;
      client.write(chunk.subarray(0, chunk.length / 2), () => client.resetAndDestroy());
    });
  });
  return {
    ...server,
    get isCutting() {
      return isCutting;
    },
    set isCutting(value) {
      isCutting = value;
    },
    get cuts() {
      return cuts;
    },
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  };
}

async function listen(onConnection: (socket: Socket) => void): Promise<OddServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
