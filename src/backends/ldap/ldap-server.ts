/** A directory server as the configuration names it. */
export type LdapServer =
  | { readonly kind: 'ldap' | 'ldaps'; readonly url: string; readonly host: string; readonly port: number }
  | { readonly kind: 'ldapi'; readonly url: string; readonly path: string };

const DEFAULT_SOCKET = '/var/run/slapd/ldapi';
const DEFAULT_PORTS = { ldap: 389, ldaps: 636 } as const;
const NETWORK_URL = /^(ldaps?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?\/?$/;
const SOCKET_URL = /^ldapi:\/\/([^/?]*)\/?$/;

/**
 * Reads `ldap://HOST[:PORT]`, `ldaps://HOST[:PORT]` or `ldapi://SOCKET` with the socket's path percent-encoded; `ldapi:///` is
 * the socket of a Debian slapd. `undefined` for anything else, a base DN in the URL (RFC 4516) included.
 */
export function parseLdapServer(url: string): LdapServer | undefined {
  const network = NETWORK_URL.exec(url);
  if (network !== null) return networkServer(url, network);
  const encoded = SOCKET_URL.exec(url)?.[1];
  if (encoded === undefined) return undefined;
  const path = encoded === '' ? DEFAULT_SOCKET : decodePath(encoded);
  return path?.startsWith('/') ? { kind: 'ldapi', url, path } : undefined;
}

function networkServer(url: string, match: RegExpExecArray): LdapServer | undefined {
  const kind = match[1] === 'ldaps' ? 'ldaps' : 'ldap';
  const port = Number(match[3] ?? DEFAULT_PORTS[kind]);
  const host = (match[2] ?? '').replace(/^\[|\]$/g, '');
  return port > 0 && port < 65_536 ? { kind, url, host, port } : undefined;
}

function decodePath(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
