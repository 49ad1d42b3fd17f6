import { type Encoding, type HashProblem, type PasswordScheme, problem, type RawHash } from './scheme.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const HEX = /^(?:[0-9A-Fa-f]{2})*$/;
const ASCII = /^[\u0001-\u007f]*$/;

/**
 * Decodes a stored value as Dovecot does. `suffix` is the encoding that the scheme's name asked for; without one the scheme's
 * own holds, or, where all its hashes have one length, hex or base64 by the length found. Base64 needs its padding.
 */
export function decodeHash(value: string, scheme: PasswordScheme, suffix: Encoding | undefined): RawHash | HashProblem {
  const encoding = suffix ?? guessEncoding(value, scheme);
  const raw = decode(value, encoding);
  if (raw === undefined) return problem(`the ${scheme.name} hash is not valid ${encoding}`);
  if (scheme.rawBytes === undefined || raw.length === scheme.rawBytes) return raw;
  return problem(`the ${scheme.name} hash has ${raw.length} bytes instead of ${scheme.rawBytes}`);
}

/** Writes a made hash in an encoding: the inverse of {@link decodeHash}. */
export function encodeHash(raw: RawHash, encoding: Encoding): string {
  const bytes = Buffer.from(raw, 'latin1');
  return bytes.toString(encoding === 'text' ? 'utf8' : encoding);
}

function guessEncoding(value: string, scheme: PasswordScheme): Encoding {
  if (scheme.rawBytes === undefined) return scheme.encoding;
  return value.length === scheme.rawBytes * 2 ? 'hex' : 'base64';
}

function decode(value: string, encoding: Encoding): RawHash | undefined {
  switch (encoding) {
    case 'text':
      return ASCII.test(value) ? value : Buffer.from(value, 'utf8').toString('latin1');
    case 'base64':
      return BASE64.test(value) ? Buffer.from(value, 'base64').toString('latin1') : undefined;
    case 'hex':
      return HEX.test(value) ? Buffer.from(value, 'hex').toString('latin1') : undefined;
  }
}
