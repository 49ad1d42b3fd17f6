import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { prepareTls, type TlsSettings } from '../client/server-address.ts';
import type { LdapTlsConfig } from '../ldap-connection-config.ts';

/** A file of `tls` cannot be used. */
export class LdapTlsError extends Error {
  override readonly name = 'LdapTlsError';
  readonly code = 'bad-ldap-tls';
}

/** The files that are named, which may be none. */
export function tlsFilesOf({ ca, certificate, key }: LdapTlsConfig): readonly string[] {
  return [ca, certificate, key].filter((path) => path !== undefined);
}

/** Reads the files of `tls`. @throws {LdapTlsError} that names the file, or what OpenSSL says of them */
export async function readTls(config: LdapTlsConfig): Promise<TlsSettings> {
  const [ca, certificate, key] = await Promise.all([config.ca, config.certificate, config.key].map(readPem));
  checkAuthorities(config.ca, ca);
  try {
    return prepareTls({ ca, certificate, key, serverName: config.serverName, minVersion: config.minVersion });
  } catch (cause) {
    throw new LdapTlsError(`the files of tls cannot be used: ${(cause as Error).message}`, { cause });
  }
}

/** OpenSSL passes over what is no certificate, and would then trust nobody. */
function checkAuthorities(path: string | undefined, ca: Buffer | undefined): void {
  if (ca === undefined) return;
  try {
    new X509Certificate(ca);
  } catch (cause) {
    throw new LdapTlsError(`${path} holds no certificate in PEM form`, { cause });
  }
}

async function readPem(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (cause) {
    throw new LdapTlsError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
