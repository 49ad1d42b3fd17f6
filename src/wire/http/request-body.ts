import type { IncomingMessage } from 'node:http';

/** Longest body of a request, in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;

export type BodyOutcome =
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  /** The client went away: nobody is left to answer. */
  | { readonly kind: 'gone' };

/** Reads a request's body up to 64 KiB and hands it on once; the server's own deadline bounds how long that takes. */
export function readBody(req: IncomingMessage, then: (outcome: BodyOutcome) => void): void {
  if (Number(req.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
    then({ kind: 'too-large' });
    return;
  }
  let first: Buffer | undefined;
  let rest: Buffer[] | undefined;
  let length = 0;
  let isDone = false;
  const finish = (outcome: BodyOutcome) => {
    if (isDone) return;
    isDone = true;
    then(outcome);
  };
  req.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (isDone) return;
    if (length > MAX_BODY_BYTES) finish({ kind: 'too-large' });
    else if (first === undefined) first = chunk;
    else (rest ??= []).push(chunk);
  });
  req.on('end', () => {
    const bytes = first === undefined ? Buffer.alloc(0) : rest === undefined ? first : Buffer.concat([first, ...rest]);
    finish({ kind: 'body', bytes });
  });
  req.on('close', () => finish({ kind: 'gone' }));
}
