import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the next requests are answered. */
export type Script = (response: ServerResponse, request: IncomingMessage, body: string) => void;

export interface ScriptedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ScriptedService extends AsyncDisposable {
  readonly url: string;
  /** Requests since the script was set. */
  readonly requests: readonly ScriptedRequest[];
  setScript(script: Script): void;
}

/** Something that takes the service's place and answers what a test wants: nonsense, or nothing. */
export async function startScriptedService(): Promise<ScriptedService> {
  let script: Script = (response) => response.end();
  let requests: ScriptedRequest[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces);
      const { method = '', url = '', headers } = request;
      requests.push({ method, url, headers, body });
      script(response, request, body.toString('latin1'));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/api/v1/auth/json`,
    get requests() {
      return requests;
    },
    setScript(next) {
      requests = [];
      script = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
