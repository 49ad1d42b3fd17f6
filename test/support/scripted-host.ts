import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

/** What a host says: at the start, and to each line. `TLS` behind an answer goes on over TLS. */
export interface HostScript {
  readonly greeting: string;
  /** The line of the client, and what is answered; what no line matches is answered by `else`. */
  readonly answers: readonly (readonly [RegExp, string])[];
  /** Begins with TLS. */
  readonly isTlsFirst?: boolean;
  /** What is said anew once TLS is there. */
  readonly greetingOverTls?: string;
  readonly keyPair?: { readonly certificate: string; readonly key: string };
}

export interface ScriptedHost extends AsyncDisposable {
  readonly port: number;
  /** Lines that clients have sent. */
  readonly lines: readonly string[];
}

const TLS = 'TLS';

/** A host on loopback that keeps to a script. */
export async function startScriptedHost(script: HostScript): Promise<ScriptedHost> {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const { certificate: cert = '', key = '' } = script.keyPair ?? {};
  const secureContext = script.keyPair === undefined ? undefined : createSecureContext({ cert, key });
  const secured = (socket: Socket): Socket => {
    if (secureContext === undefined) throw new Error('the script needs a key pair');
    return new TLSSocket(socket, { isServer: true, secureContext }).on('error', () => undefined);
  };
  const speak = (socket: Socket, greeting: string): void => {
    let text = '';
    socket.on('error', () => undefined);
    socket.write(greeting);
    const onData = (piece: Buffer) => {
      text += piece.toString('latin1');
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
        const line = text.slice(0, end).replace(/\r$/, '');
        text = text.slice(end + 1);
        lines.push(line);
        const [, answer = ''] = script.answers.find(([pattern]) => pattern.test(line)) ?? [];
        socket.write(answer.endsWith(TLS) ? answer.slice(0, -TLS.length) : answer);
        if (!answer.endsWith(TLS)) continue;
        socket.removeListener('data', onData);
        speak(secured(socket), script.greetingOverTls ?? '');
      }
    };
    socket.on('data', onData);
  };
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    speak(script.isTlsFirst === true ? secured(socket) : socket, script.greeting);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    lines,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
