import assert from 'node:assert/strict';
import { type Answer, RawClient } from './raw-client.ts';
import { CALLER, PATH } from './service.ts';

export interface RequestParts {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  /** Header lines; `undefined` leaves out one that is sent by default. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Uint8Array;
}

/** The bytes of a request: by default a POST to the JSON door by a caller that may do all. */
export function request(parts: RequestParts = {}): Buffer {
  const { method = 'POST', path = PATH, query = '', body = '' } = parts;
  const bytes = Buffer.from(body as string);
  const headers: Record<string, string | undefined> = {
    Host: 'localhost',
    Authorization: CALLER,
    ...(method === 'POST' && { 'Content-Type': 'application/json', 'Content-Length': String(bytes.length) }),
    ...parts.headers,
  };
  let head = `${method} ${path}${query} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) head += `${name}: ${value}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), bytes]);
}

/** The body of a login. */
export function login(fields: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ username: 'alice@example.test', password: 'alice-pw', service: 'imap', ...fields });
}

/** Asks on a connection of its own. */
export async function ask(port: number, parts: RequestParts = {}): Promise<Answer> {
  using client = await RawClient.open(port);
  return await client.write(request(parts)).read(parts.method === 'HEAD');
}

/** What every answer below /api/v1/auth has. */
export function assertAuthHeaders({ headers, status }: Answer): void {
  assert.match(headers['auth-status'] ?? '', /^[\x20-\x7e]+$/, `status ${status} without Auth-Status`);
  assert.match(headers['x-nauthilus-session'] ?? '', /^[0-9A-HJKMNP-TV-Z]{26}$/, `status ${status} without a session`);
}
