import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface RelayStub extends AsyncDisposable {
  readonly port: number;
  /** Messages that were handed over so far. */
  readonly messages: readonly string[];
}

/** An SMTP server that takes every message: what a submission server relays to. */
export async function startRelayStub(): Promise<RelayStub> {
  const messages: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, messages);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function serve(socket: Socket, messages: string[]): void {
  let text = '';
  let isData = false;
  socket.setEncoding('utf8').on('error', () => undefined);
  socket.write('220 relay.example.test ESMTP\r\n');
  socket.on('data', (piece: string) => {
    text += piece;
    for (let end = text.indexOf(mark(isData)); end !== -1; end = text.indexOf(mark(isData))) {
      const part = text.slice(0, end);
      text = text.slice(end + mark(isData).length);
      if (isData) messages.push(part);
      const verb = isData ? '' : part.slice(0, 4).toUpperCase();
      isData = verb === 'DATA';
      socket.write(`${ANSWERS[verb] ?? '250 done'}\r\n`);
    }
  });
}

function mark(isData: boolean): string {
  return isData ? '\r\n.\r\n' : '\r\n';
}

const ANSWERS: Readonly<Record<string, string>> = {
  EHLO: '250-relay.example.test\r\n250-8BITMIME\r\n250 PIPELINING',
  DATA: '354 go on',
  QUIT: '221 goodbye',
};
