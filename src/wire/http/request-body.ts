import type { IncomingMessage } from 'node:http';

/** Longest body of a request, in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;

export type BodyOutcome = { readonly kind: 'body'; readonly bytes: Buffer } | { readonly kind: 'too-large' };

/**
 * Reads a request's body up to 64 KiB and hands it on once; the server's own deadline bounds how long that takes. Where the client
 * goes away before, nothing is handed on: nobody is left to answer.
 */
export function readBody(req: IncomingMessage, then: (outcome: BodyOutcome) => void): void {
  if (Number(req.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
    then({ kind: 'too-large' });
    return;
  }
  let first: Buffer | undefined;
  let rest: Buffer[] | undefined;
  let length = 0;
  req.on('data', (chunk: Buffer) => {
    const before = length;
    length += chunk.length;
    if (length > MAX_BODY_BYTES) {
      if (before <= MAX_BODY_BYTES) then({ kind: 'too-large' });
    } else if (first === undefined) first = chunk;
    else (rest ??= []).push(chunk);
  });
  req.on('end', () => {
    if (length > MAX_BODY_BYTES) return;
    const bytes = first === undefined ? EMPTY : rest === undefined ? first : Buffer.concat([first, ...rest]);
    then({ kind: 'body', bytes });
  });
}

const EMPTY = Buffer.alloc(0);
