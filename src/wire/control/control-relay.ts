/**
 * Requests of the control socket that are answered in another process than the one which has the socket: as data they travel
 * there, and doors get them as any request.
 *
 * @module
 */
import { type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { readBody } from '../http/request-body.ts';

export interface ControlRequest {
  readonly method: string;
  readonly url: string;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

export interface ControlAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Takes a request as data; `undefined` where its body is too large or its client has gone. */
export function takeRequest(req: IncomingMessage): Promise<ControlRequest | undefined> {
  return new Promise((resolve) => {
    req.once('close', () => resolve(undefined));
    readBody(req, (outcome) => {
      if (outcome.kind !== 'body') return resolve(undefined);
      const { method = 'GET', url = '/', headers } = req;
      resolve({ method, url, contentType: headers['content-type'], body: outcome.bytes });
    });
  });
}

/** Sends an answer that came as data. */
export function giveAnswer(res: ServerResponse, { status, contentType, body }: ControlAnswer): void {
  res.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': body.byteLength,
    'Cache-Control': 'no-store',
  });
  res.end(body);
}

/** Has requests that came as data answered as if they had come over a connection. */
export function answerInProcess(answer: (req: IncomingMessage, res: ServerResponse) => void) {
  const server = createServer(answer);
  return (asked: ControlRequest, signal: AbortSignal): Promise<ControlAnswer> => {
    const [near, far] = duplexPair();
    server.emit('connection', far);
    return send(asked, near as Socket, signal).finally(() => near.destroy());
  };
}

async function send(asked: ControlRequest, connection: Socket, signal: AbortSignal): Promise<ControlAnswer> {
  const { method, url, contentType, body } = asked;
  const headers = {
    Host: 'control',
    Connection: 'close',
    'Content-Length': body.byteLength,
    ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
  };
  const sent = request({ method, path: url, headers, createConnection: () => connection, signal });
  sent.end(body);
  const res = await answerTo(sent);
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of res as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is larger than 16 MiB');
    pieces.push(piece);
  }
  const type = res.headers['content-type'] ?? 'application/octet-stream';
  return { status: res.statusCode ?? 500, contentType: type, body: Buffer.concat(pieces) };
}

function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
  });
}
