import type { IncomingMessage } from 'node:http';
import type { Problem } from './answer.ts';

type Head = Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'httpVersion' | 'url'>;

/**
 * What is wrong with a request that another reader before this one may take for another, or for more than one (RFC 9112 11.2).
 * What comes behind it on its connection is not to be believed.
 */
export function doubtOf({ headers, rawHeaders, httpVersion, url = '' }: Head): Problem | undefined {
  const hosts = countOf('host', rawHeaders);
  if (hosts > 1) return { status: 400, error: 'the Host header stands twice', field: 'Host' };
  if (hosts === 0 && httpVersion === '1.1') return { status: 400, error: 'the Host header is missing', field: 'Host' };
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion !== '1.1'))
    return { status: 400, error: 'a body can only be chunked, in HTTP/1.1', field: 'Transfer-Encoding' };
  // RFC 9112 3.2.2: what stands in the target counts, and not everybody looks at it.
  if (!url.startsWith('/') && url !== '*' && authorityIn(url) !== headers.host?.toLowerCase())
    return { status: 400, error: 'the target and the Host header name different hosts', field: 'Host' };
  return undefined;
}

function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const other = rawHeaders[i];
    if (other?.length === name.length && other.toLowerCase() === name) count += 1;
  }
  return count;
}

function authorityIn(url: string): string | undefined {
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1]?.toLowerCase();
}
