import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { CommandError } from '../command-io.ts';

/** Whom a mail server has to trust to know the service. */
export type ServiceTrust =
  /** What stands in a file of its own, as PEM. */
  | { readonly kind: 'own'; readonly pem: string }
  /** The authorities that every machine knows. */
  | { readonly kind: 'public' };

export interface TrustQuestion {
  /** PEM file of the service's certificate and its chain; `undefined` where the service does not answer TLS itself. */
  readonly certificateFile: string | undefined;
  /** PEM file of the authority, where it was given. */
  readonly caFile: string | undefined;
  /** The name or address by which the mail server knows the service; `undefined` where it does not look at it. */
  readonly host: string | undefined;
  /** Who looks at it, and the option that says another; Dovecot and `--url` where absent. */
  readonly asker?: { readonly program: string; readonly option: string };
}

/**
 * Finds what signed the service's certificate: the certificate itself, the end of its chain, the authority that was given, or
 * one that is known everywhere.
 * @throws {CommandError} where it cannot be found, or the certificate is for another name
 */
export async function findTrust(question: TrustQuestion): Promise<ServiceTrust> {
  const { certificateFile, caFile } = question;
  const given = caFile === undefined ? [] : await readCertificates(caFile);
  if (certificateFile === undefined) return given.length === 0 ? { kind: 'public' } : asOwn(given);
  const [leaf, ...chain] = await readCertificates(certificateFile);
  if (leaf === undefined) throw new CommandError(`${certificateFile}: holds no certificate`);
  checkName(leaf, certificateFile, question);
  const top = topOf(leaf, [...chain, ...given]);
  if (top.checkIssued(top) && (given.length === 0 || given.some((own) => isSame(own, top))))
    return asOwn(given.length === 0 ? [top] : given);
  if (given.length > 0) throw new CommandError(`${caFile}: has not signed the certificate in ${certificateFile}`);
  if (rootCertificates.some((pem) => top.checkIssued(new X509Certificate(pem)))) return { kind: 'public' };
  throw new CommandError(
    `${certificateFile}: is signed by ${JSON.stringify(top.issuer.replaceAll('\n', ', '))}, whose certificate is not there; give its file with --ca`,
  );
}

async function readCertificates(file: string): Promise<X509Certificate[]> {
  try {
    const text = await readFile(file, 'utf8');
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new CommandError(`${file} cannot be read: ${(cause as Error).message}`, 1, { cause });
  }
}

const DOVECOT = { program: 'Dovecot', option: '--url' };

function checkName(leaf: X509Certificate, file: string, { host, asker = DOVECOT }: TrustQuestion): void {
  if (host === undefined) return;
  const isNamed = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host);
  if (isNamed !== undefined) return;
  const names = leaf.subjectAltName ?? leaf.subject;
  throw new CommandError(
    `${file}: the certificate is not for ${host}, so that ${asker.program} would refuse it; it is for ${names}; give one of these with ${asker.option}`,
  );
}

/** The last certificate that can be reached from one issuer to the next. */
function topOf(leaf: X509Certificate, others: readonly X509Certificate[]): X509Certificate {
  let top = leaf;
  for (const left = [...others]; !top.checkIssued(top); ) {
    const at = left.findIndex((other) => top.checkIssued(other));
    const [issuer] = at < 0 ? [] : left.splice(at, 1);
    if (issuer === undefined) return top;
    top = issuer;
  }
  return top;
}

function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256;
}

function asOwn(certificates: readonly X509Certificate[]): ServiceTrust {
  return { kind: 'own', pem: certificates.map(String).join('') };
}

const PUBLIC_AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

/** The file that holds whom to trust: `ownFile`, where it has to be brought along, or that of the system. */
export function caFileOf(trust: ServiceTrust, ownFile: string): string {
  return trust.kind === 'own' ? ownFile : PUBLIC_AUTHORITIES;
}
