import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { BerReader } from '../../src/backends/ldap/client/ber/ber-reader.ts';
import { TAG } from '../../src/backends/ldap/client/ber/ber-tags.ts';
import { MessageSplitter } from '../../src/backends/ldap/client/message/message-splitter.ts';

/** A request as far as a script needs it. `abandonedId` is set in an AbandonRequest. */
export interface ReceivedRequest {
  readonly id: number;
  readonly tag: number;
  readonly abandonedId?: number;
}

export type Script = (request: ReceivedRequest, socket: Socket) => void;

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly ReceivedRequest[];
  /** Connections accepted so far, and those that stand. */
  readonly accepted: number;
  readonly open: ReadonlySet<Socket>;
  /** What it does from now on with each request. */
  script: Script;
}

/** An LDAP server on a loopback port that does with each request what its script says. */
export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const open = new Set<Socket>();
  const requests: ReceivedRequest[] = [];
  const server = createServer((socket) => {
    open.add(socket);
    state.accepted++;
    const splitter = new MessageSplitter(1 << 20);
    const onData = (chunk: Buffer): void =>
      splitter.push(chunk, (bytes, start, end) => {
        const request = readRequest(bytes, start, end);
        requests.push(request);
        state.script(request, socket);
        return socket.listeners('data').includes(onData);
      });
    socket.on('data', onData);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const state = {
    port: (server.address() as AddressInfo).port,
    requests,
    accepted: 0,
    open,
    script,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return state;
}

function readRequest(bytes: Buffer, start: number, end: number): ReceivedRequest {
  const reader = new BerReader(bytes, start, end);
  reader.enter(TAG.sequence);
  const id = reader.readInteger();
  const tag = reader.peekTag();
  return tag === TAG.abandonRequest ? { id, tag, abandonedId: reader.readInteger(tag) } : { id, tag };
}
