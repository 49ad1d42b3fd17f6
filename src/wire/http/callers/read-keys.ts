import { open, readFile } from 'node:fs/promises';
import { get } from 'node:https';

/** Where public keys are: a file, or a URL that is trusted by the system's authorities or those of a PEM file. */
export type KeyPlace =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'url'; readonly url: string; readonly caFile: string | undefined };

/** Largest set of keys, in bytes. */
const MAX_BYTES = 256 * 1024;
const DEADLINE_MS = 5000;

/**
 * Reads a set of keys as JSON. @throws {Error} where it cannot be had in 5 s, is too large or no JSON; the message is for operators
 */
export async function readKeys(place: KeyPlace): Promise<unknown> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const text = place.kind === 'file' ? await readBounded(place.file) : await fetchText(place, signal);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error('is no JSON', { cause });
  }
}

async function readBounded(file: string): Promise<string> {
  await using opened = await open(file);
  const { size } = await opened.stat();
  if (size > MAX_BYTES) throw new Error(`has more than ${MAX_BYTES} bytes`);
  return opened.readFile('utf8');
}

async function fetchText({ url, caFile }: Extract<KeyPlace, { kind: 'url' }>, signal: AbortSignal): Promise<string> {
  const ca = caFile === undefined ? {} : { ca: await readFile(caFile) };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get(url, { ...ca, signal, agent: false, headers: { Accept: 'application/json' } }, (response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('error', reject);
    // Another place is never gone to: which keys are trusted is for the configuration to say.
    if (response.statusCode !== 200) response.destroy(new Error(`was answered with ${response.statusCode}`));
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_BYTES) response.destroy(new Error(`has more than ${MAX_BYTES} bytes`));
      else chunks.push(chunk);
    });
    response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
  request.on('error', reject);
  try {
    return await promise;
  } catch (cause) {
    throw signal.aborted ? new Error(`did not come within ${DEADLINE_MS / 1000} s`, { cause }) : cause;
  }
}
