import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type CertificatePattern, matchesCertificate } from './certificate-match.ts';
import { nameOfLines } from './distinguished-name.ts';

/** A caller that is known by its certificate. */
export interface CertificateCaller {
  readonly name: string;
  readonly pattern: CertificatePattern;
}

export type CertificateFinding =
  /** No certificate was shown. */
  | { readonly kind: 'none' }
  | { readonly kind: 'match'; readonly name: string }
  | {
      readonly kind: 'mismatch';
      readonly reason: 'untrusted-certificate' | 'unknown-certificate';
      /** The certificate's subject. */
      readonly subject: string;
      readonly detail: string;
    };

const NONE: CertificateFinding = { kind: 'none' };

interface Seen {
  readonly finding: CertificateFinding;
  /** Last moment of the certificate, in milliseconds since 1970. */
  readonly notAfterMs: number;
}

/** Finds callers by the certificates of their connections, once for each connection. */
export class CertificateCallers {
  readonly #callers: readonly CertificateCaller[];
  readonly #now: () => number;
  readonly #seen = new WeakMap<Socket, Seen>();

  /**
   * @param callers the first that a certificate fits is taken
   * @param now milliseconds since 1970
   */
  constructor(callers: readonly CertificateCaller[], now: () => number) {
    this.#callers = callers;
    this.#now = now;
  }

  /** Who is at the other end of a connection. */
  find(socket: Socket | undefined): CertificateFinding {
    if (!(socket instanceof TLSSocket)) return NONE;
    let seen = this.#seen.get(socket);
    if (seen === undefined) {
      seen = this.#lookAt(socket);
      this.#seen.set(socket, seen);
    }
    // A connection may outlive what was proven when it began.
    if (seen.finding.kind === 'match' && this.#now() > seen.notAfterMs)
      return mismatch('untrusted-certificate', seen.finding.name, 'the certificate has expired');
    return seen.finding;
  }

  #lookAt(socket: TLSSocket): Seen {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return { finding: NONE, notAfterMs: Number.POSITIVE_INFINITY };
    return { finding: this.#findBy(certificate, socket), notAfterMs: certificate.validToDate.getTime() };
  }

  #findBy(certificate: X509Certificate, { authorized, authorizationError }: TLSSocket): CertificateFinding {
    const subject = nameOfLines(certificate.subject);
    if (!authorized) return mismatch('untrusted-certificate', subject, String(authorizationError ?? 'not verified'));
    const caller = this.#callers.find(({ pattern }) => matchesCertificate(pattern, certificate));
    if (caller !== undefined) return { kind: 'match', name: caller.name };
    return mismatch('unknown-certificate', subject, 'no caller has this certificate');
  }
}

function mismatch(
  reason: 'untrusted-certificate' | 'unknown-certificate',
  subject: string,
  detail: string,
): CertificateFinding {
  return { kind: 'mismatch', reason, subject, detail };
}
