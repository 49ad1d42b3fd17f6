import { Secret } from '../../login/secret.ts';

export type CredentialReading =
  | { readonly kind: 'credential'; readonly name: string /** The whole header. */; readonly authorization: Secret }
  | { readonly kind: 'problem'; readonly message: string };

/** Reads a caller's secret file as the glue does: one line "name:secret", or the base64 of it, which may be wrapped. */
export function readSecretFile(bytes: Buffer): CredentialReading {
  const text = bytes.toString('latin1').trim();
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x08\x0e-\x1f\x7f]/.test(text)) return { kind: 'problem', message: 'holds control characters' };
  const isPlain = text.includes(':') && !/[\r\n]/.test(text);
  const joined = text.replace(/\s/g, '');
  const isBase64 = joined !== '' && joined.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(joined);
  if (!isPlain && !isBase64)
    return { kind: 'problem', message: 'holds neither one line "name:secret" nor the base64 of it' };
  const encoded = isPlain ? Buffer.from(text, 'latin1').toString('base64') : joined;
  const credential = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = credential.indexOf(':');
  if (colon < 1) return { kind: 'problem', message: 'is base64, but not of "name:secret"' };
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(credential))
    return { kind: 'problem', message: 'is the base64 of a text with a line end or another control character in it' };
  return {
    kind: 'credential',
    name: credential.slice(0, colon),
    authorization: Secret.fromText(`Basic ${encoded}`),
  };
}
