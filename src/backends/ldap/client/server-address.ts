import { createSecureContext, type SecureContext, type SecureVersion } from 'node:tls';

export interface TlsOptions {
  /** Certificate authorities to trust instead of the well-known ones, PEM. */
  readonly ca?: string | Buffer | undefined;
  /** Our own certificate chain and key, PEM. */
  readonly certificate?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** The name that the server's certificate must bear, where it is not the host of the address. */
  readonly serverName?: string | undefined;
  /** Whether a certificate that is not trusted ends the connection. Default true. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Oldest version spoken. Default TLS 1.2. */
  readonly minVersion?: SecureVersion | undefined;
}

/** TLS settings made ready once for any number of connections. */
export interface TlsSettings {
  readonly context: SecureContext;
  readonly serverName: string | undefined;
  readonly rejectUnauthorized: boolean;
}

/** Where a server is and how it is spoken to. With `ldap+starttls` nothing is said in the clear but the wish for TLS. */
export type ServerAddress =
  | { readonly kind: 'ldap'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'ldaps' | 'ldap+starttls';
      readonly host: string;
      readonly port: number;
      readonly tls: TlsSettings;
    }
  | { readonly kind: 'ldapi'; readonly path: string };

/** Reads certificates and key. @throws OpenSSL's error where they are none. */
export function prepareTls(options: TlsOptions = {}): TlsSettings {
  const { ca, certificate, key, serverName, rejectUnauthorized = true, minVersion = 'TLSv1.2' } = options;
  const context = createSecureContext({
    minVersion,
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
  });
  return { context, serverName, rejectUnauthorized };
}
