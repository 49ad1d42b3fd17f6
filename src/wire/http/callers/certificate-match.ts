import type { X509Certificate } from 'node:crypto';
import { parseClientAddress } from '../../../login/client-address.ts';
import { canonicalSubject } from './distinguished-name.ts';

/** What a caller's certificate must say. What is `undefined` may be anything. */
export interface CertificatePattern {
  /** As `canonicalName` gives it. */
  readonly subject: string | undefined;
  /** As {@link canonicalAltName} gives it. */
  readonly altName: string | undefined;
  /** SHA-256 in lower-case hexadecimal digits. */
  readonly fingerprint: string | undefined;
}

/** Whether a certificate, whose chain was verified, is the one that is meant. */
export function matchesCertificate(pattern: CertificatePattern, certificate: X509Certificate): boolean {
  const { subject, altName, fingerprint } = pattern;
  if (subject === undefined && altName === undefined && fingerprint === undefined) return false;
  if (subject !== undefined && canonicalSubject(certificate.subject) !== subject) return false;
  if (fingerprint !== undefined && canonicalFingerprint(certificate.fingerprint256) !== fingerprint) return false;
  return altName === undefined || altNamesOf(certificate).includes(altName);
}

/** A fingerprint without colons, in lower case. */
export function canonicalFingerprint(text: string): string {
  return text.replaceAll(':', '').toLowerCase();
}

const KINDS: Readonly<Record<string, 'DNS' | 'IP' | 'URI' | 'email'>> = {
  dns: 'DNS',
  ip: 'IP',
  'ip address': 'IP',
  uri: 'URI',
  email: 'email',
};

/**
 * An alternative name in one form: `DNS:mx1.example.test`, `IP:192.0.2.1`, `URI:spiffe://…` or `email:…`; names of hosts in lower
 * case. `undefined` where it is none of these.
 */
export function canonicalAltName(text: string): string | undefined {
  const colon = text.indexOf(':');
  const kind = KINDS[text.slice(0, Math.max(0, colon)).toLowerCase()];
  const value = text.slice(colon + 1);
  if (kind === undefined || value === '') return undefined;
  if (kind === 'DNS') return `DNS:${value.toLowerCase()}`;
  if (kind !== 'IP') return `${kind}:${value}`;
  const address = parseClientAddress(value);
  return address === undefined ? undefined : `IP:${address}`;
}

/** Names that could be taken for several are in quotes, as JSON has them. */
const ALT_NAME = /([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g;

function altNamesOf({ subjectAltName = '' }: X509Certificate): (string | undefined)[] {
  return [...subjectAltName.matchAll(ALT_NAME)].map(([, kind = '', value = '']) =>
    canonicalAltName(`${kind}:${value.startsWith('"') ? unquoted(value) : value}`),
  );
}

function unquoted(value: string): string {
  try {
    return JSON.parse(value) as string;
  } catch {
    return '';
  }
}
