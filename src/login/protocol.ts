/** The mail protocol that a client speaks, in lower case: `imap`, `pop3`, `submission`, `doveadm` … */
export type Protocol = string & { readonly __brand: 'Protocol' };

/** What is assumed where a caller names no protocol. */
export const DEFAULT_PROTOCOL = 'default' as Protocol;

const KNOWN: ReadonlySet<string> = new Set([
  'default',
  'imap',
  'pop3',
  'smtp',
  'submission',
  'lmtp',
  'sieve',
  'managesieve',
  'doveadm',
  'http',
]);
const SHAPE = /^[a-z0-9][a-z0-9._-]{0,31}$/;

/** Turns a protocol's name into its lower-case form, or `undefined` where it is no name of at most 32 `a-z 0-9 . _ -`. */
export function parseProtocol(text: string): Protocol | undefined {
  if (text === '') return DEFAULT_PROTOCOL;
  if (KNOWN.has(text)) return text as Protocol;
  const name = text.toLowerCase();
  return SHAPE.test(name) ? (name as Protocol) : undefined;
}

/** The protocol as a metric label: what callers invent becomes `other`, so that labels stay few. */
export function protocolLabel(protocol: Protocol): string {
  return KNOWN.has(protocol) ? protocol : 'other';
}
