import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { Secret } from '../../login/secret.ts';

/** What the way to the service is like, up to and with its certificate. */
export type Reach =
  | { readonly kind: 'reached'; readonly certificateEnd: Date | undefined }
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'untrusted'; readonly message: string }
  | { readonly kind: 'misnamed'; readonly message: string };

/** The service's answer to one question. */
export interface DoorAnswer {
  readonly status: number;
  readonly date: string | undefined;
  readonly body: string;
  readonly ms: number;
  /** When it had arrived, in ms since the epoch. */
  readonly arrivedMs: number;
}

const REACH_MS = 10_000;
const LONGEST_BODY = 64 * 1024 * 1024;

/** Connects as Dovecot would, and sends nothing. @param ca PEM texts of what is trusted */
export function reachService(url: URL, ca: readonly string[]): Promise<Reach> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isTls = url.protocol === 'https:';
  const port = Number(url.port) || (isTls ? 443 : 80);
  return new Promise((resolve) => {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = isTls
      ? connectTls({
          host,
          port,
          ca: [...ca],
          ...servername,
          rejectUnauthorized: false,
          checkServerIdentity: () => undefined,
        })
      : connectTcp({ host, port });
    const end = (reach: Reach) => {
      socket.destroy();
      resolve(reach);
    };
    socket.setTimeout(REACH_MS, () => end({ kind: 'unreachable', message: `no answer within ${REACH_MS / 1000} s` }));
    socket.on('error', (error) => end({ kind: 'unreachable', message: error.message }));
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      if (!('getPeerCertificate' in socket)) return end({ kind: 'reached', certificateEnd: undefined });
      const certificate = socket.getPeerCertificate();
      if (!socket.authorized) {
        const code: unknown = socket.authorizationError;
        return end({ kind: 'untrusted', message: code instanceof Error ? code.message : String(code) });
      }
      const misnamed = checkServerIdentity(host, certificate);
      if (misnamed !== undefined) return end({ kind: 'misnamed', message: misnamed.message });
      end({ kind: 'reached', certificateEnd: new Date(certificate.valid_to) });
    });
  });
}

export interface DoorQuestion {
  readonly method: 'GET' | 'POST';
  readonly query: string;
  readonly body?: object;
  readonly deadlineMs: number;
}

/** Asks the service as Dovecot does, over one connection that is kept. */
export class ServiceDoor implements Disposable {
  readonly #url: URL;
  readonly #authorization: Secret;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(url: URL, authorization: Secret, ca: readonly string[]) {
    this.#url = url;
    this.#authorization = authorization;
    const kept = { keepAlive: true, maxSockets: 1 };
    this.#agent = url.protocol === 'https:' ? new HttpsAgent({ ...kept, ca: [...ca] }) : new HttpAgent(kept);
  }

  /** The answer, whatever it says, or why there was none. */
  async ask({ method, query, body, deadlineMs }: DoorQuestion): Promise<DoorAnswer | string> {
    const url = new URL(this.#url);
    url.search = query;
    const started = performance.now();
    const text = body === undefined ? '' : JSON.stringify(body);
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent = request(url, {
      method,
      agent: this.#agent,
      signal: AbortSignal.timeout(deadlineMs),
      headers: {
        Authorization: this.#authorization.reveal().toString('latin1'),
        Accept: 'application/json',
        ...(method === 'POST' && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
      },
    });
    sent.once('response', resolve).on('error', reject).end(text);
    try {
      const response = await promise;
      const received = await readBody(response);
      return {
        status: response.statusCode ?? 0,
        date: response.headers.date,
        body: received,
        ms: performance.now() - started,
        arrivedMs: Date.now(),
      };
    } catch (cause) {
      const isLate = cause instanceof Error && cause.name === 'AbortError';
      if (isLate) return `no answer within ${deadlineMs} ms`;
      return cause instanceof Error ? cause.message : String(cause);
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > LONGEST_BODY) throw new Error(`an answer of more than ${LONGEST_BODY} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
