import Type from 'typebox';
import { Choice, Count, Duration, Path, type ResolveContext, SecretText, Section } from '../../config/fields.ts';
import type { Secret } from '../../login/secret.ts';
import { type LdapServer, parseLdapServer } from './ldap-server.ts';

export const ServersSchema = Type.Array(
  Type.String({
    pattern: '^ldap[si]?://[^\\s]*$',
    description: 'A server: `ldap://HOST[:PORT]`, `ldaps://HOST[:PORT]`, or `ldapi://` with the path of a socket.',
    examples: ['ldaps://ldap1.example.test'],
  }),
  {
    description:
      'Servers that hold the same accounts. The least busy of those that answer is asked; the others take over when it does not.',
    minItems: 1,
    uniqueItems: true,
    examples: [['ldaps://ldap1.example.test', 'ldaps://ldap2.example.test'], ['ldapi://%2Frun%2Fslapd%2Fldapi']],
  },
);

export const StartTlsSchema = Choice(['off', 'required'], {
  description:
    'Whether connections to ldap:// servers are turned into TLS before anything else is said. A server that cannot do so is not used.',
  default: 'off',
  examples: ['required'],
});

export const TlsSchema = Section(
  {
    ca: Type.Optional(
      Path({
        description: 'PEM file of the authorities that are trusted; without it, those that Node.js trusts.',
        examples: ['ldap-ca.pem'],
      }),
    ),
    certificate: Type.Optional(
      Path({ description: 'PEM file of a certificate to show to servers.', examples: ['nauthilus.pem'] }),
    ),
    key: Type.Optional(
      Path({ description: 'PEM file of the private key of that certificate.', examples: ['nauthilus-key.pem'] }),
    ),
    server_name: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._:-]{1,253}$',
        description: 'Name that the certificates of the servers must have, where it is not the host in their URL.',
        examples: ['ldap.example.test'],
      }),
    ),
    min_version: Choice(['TLSv1.2', 'TLSv1.3'], {
      description: 'Oldest TLS version that is spoken.',
      default: 'TLSv1.2',
      examples: ['TLSv1.3'],
    }),
  },
  { description: 'TLS to the servers, whose certificates and names are always checked.', default: {} },
);

export const BindSchema = Section(
  {
    dn: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1024,
        description: 'DN of the service account, which reads the accounts.',
        examples: ['cn=nauthilus,ou=services,dc=example,dc=test'],
      }),
    ),
    password: Type.Optional(
      SecretText({ description: 'Password of the service account.', examples: [{ file: 'ldap.secret' }] }),
    ),
    sasl: Type.Optional(
      Choice(['external'], {
        description:
          'Instead of DN and password: the certificate of `tls`, or with ldapi:// the user that Nauthilus runs as, says who we are (SASL EXTERNAL).',
        examples: ['external'],
      }),
    ),
  },
  { description: 'Who searches: `dn` with `password`, or `sasl`. With neither, searches are anonymous.', default: {} },
);

function connections(what: string, count: number) {
  return Count({ description: what, minimum: 1, maximum: 1024, default: count, examples: [count * 2] });
}

function queue(count: number) {
  return Count({
    description:
      'Operations that wait for their turn; where more would have to wait, the answer is a temporary failure.',
    minimum: 0,
    maximum: 1_000_000,
    default: count,
    examples: [count * 2],
  });
}

export const PoolsSchema = Section(
  {
    lookup: Section(
      {
        connections: connections('Connections to each server for searches.', 4),
        in_flight: Count({
          description: 'Searches under way on one connection at a time.',
          minimum: 1,
          maximum: 1024,
          default: 32,
          examples: [64],
        }),
        queue: queue(1000),
      },
      { description: 'Connections for searches, bound as the service account.', default: {} },
    ),
    bind: Section(
      {
        connections: connections(
          'Connections to each server for proving passwords, one bind at a time on each. More serve where hashes are costly.',
          16,
        ),
        queue: queue(1000),
      },
      { description: 'Connections for proving passwords, used for nothing else.', default: {} },
    ),
  },
  { description: 'How many connections there are, and how many operations may wait for them.', default: {} },
);

function time(description: string, value: string) {
  return Duration({ description, default: value, examples: [value] });
}

export const TimeoutsSchema = Section(
  {
    connect: time('Time to be connected, with TLS and the bind of the service account done.', '2s'),
    search: time('Time for a search on one server.', '1500ms'),
    bind: time('Time for proving a password on one server. Costly hashes need more.', '2s'),
    wait: time('Time to wait for a free connection.', '1s'),
    idle: time('Time after which an unused connection is closed; keep it below `olcIdleTimeout` of slapd.', '5m'),
    max_age: time('Time after which a connection is replaced, so that load spreads to servers that came back.', '1h'),
  },
  { description: 'Deadlines of connections and operations.', default: {} },
);

/** Who searches. */
export type LdapIdentity =
  | { readonly kind: 'simple'; readonly dn: string; readonly password: Secret }
  | { readonly kind: 'external' }
  | { readonly kind: 'anonymous' };

/** Absolute paths of PEM files. */
export interface LdapTlsConfig {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

export interface LdapTimeouts {
  readonly connectMs: number;
  readonly searchMs: number;
  readonly bindMs: number;
  readonly waitMs: number;
  readonly idleMs: number;
  readonly maxAgeMs: number;
}

export function resolveServers(raw: readonly string[], context: ResolveContext): LdapServer[] {
  return raw.flatMap((url, i) => {
    const server = parseLdapServer(url);
    if (server !== undefined) return [server];
    context.problem(
      `servers[${i}]`,
      'is no URL of a server; allowed: ldap://HOST[:PORT], ldaps://HOST[:PORT], ldapi://%2FPATH',
    );
    return [];
  });
}

export function resolveTls(raw: Type.Static<typeof TlsSchema>, context: ResolveContext): LdapTlsConfig {
  const { ca, certificate, key, server_name: serverName, min_version: minVersion } = raw;
  if (certificate !== undefined && key === undefined)
    context.problem('key', 'is missing: the certificate needs its key');
  if (key !== undefined && certificate === undefined)
    context.problem('certificate', 'is missing: the key needs its certificate');
  return {
    minVersion,
    ...(ca === undefined ? {} : { ca: context.resolvePath(ca) }),
    ...(certificate === undefined ? {} : { certificate: context.resolvePath(certificate) }),
    ...(key === undefined ? {} : { key: context.resolvePath(key) }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

export function resolveIdentity(raw: Type.Static<typeof BindSchema>, context: ResolveContext): LdapIdentity {
  const { dn, password, sasl } = raw;
  if (sasl === 'external') {
    if (dn !== undefined) context.problem('dn', 'cannot stand beside sasl');
    if (password !== undefined) context.problem('password', 'cannot stand beside sasl');
    return { kind: 'external' };
  }
  if (dn === undefined && password === undefined) return { kind: 'anonymous' };
  // A DN with an empty password is an anonymous bind that succeeds (RFC 4513 5.1.2).
  if (dn === undefined) context.problem('dn', 'is missing: the password needs the DN it belongs to');
  if (password === undefined) context.problem('password', 'is missing: the DN needs its password');
  if (dn === undefined || password === undefined) return { kind: 'anonymous' };
  return { kind: 'simple', dn, password: context.readSecret(password, 'password') };
}

export function resolveTimeouts(raw: Type.Static<typeof TimeoutsSchema>, context: ResolveContext): LdapTimeouts {
  const positive = (key: keyof typeof raw): number => {
    const milliseconds = context.durationMs(raw[key]);
    if (milliseconds === 0) context.problem(key, 'must be more than 0: every wait has an end');
    return milliseconds;
  };
  return {
    connectMs: positive('connect'),
    searchMs: positive('search'),
    bindMs: positive('bind'),
    waitMs: positive('wait'),
    idleMs: positive('idle'),
    maxAgeMs: positive('max_age'),
  };
}
