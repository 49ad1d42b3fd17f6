import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import Type from 'typebox';
import { Choice, Name, Network, type ResolveContext, Section, StoredHash } from '../../config/fields.ts';
import { Secret } from '../../login/secret.ts';
import type { Scope } from './callers.ts';
import {
  CallerCertificateSchema,
  CallerTokenSchema,
  resolveCallerCertificate,
  resolveCallerToken,
  type TokenConfig,
} from './callers/caller-proof-config.ts';
import type { CertificatePattern } from './callers/certificate-match.ts';

const SCOPES = ['authenticate', 'lookup', 'list', 'policy', 'admin'] as const satisfies readonly Scope[];

export const CallerSchema = Section(
  {
    name: Name({
      description:
        'Name of the caller, which log lines show. One with a `secret` sends it as user name by HTTP Basic authentication.',
      examples: ['dovecot'],
    }),
    secret: Type.Optional(
      StoredHash({
        description:
          'Hash of the secret the caller sends as password, with its scheme in braces, as `nauthilus hash make` prints it; or a file that holds one line with that hash.',
        examples: [{ file: 'callers/dovecot.hash' }],
      }),
    ),
    certificate: Type.Optional(CallerCertificateSchema),
    token: Type.Optional(CallerTokenSchema),
    scopes: Type.Array(
      Choice([...SCOPES], {
        description:
          '`authenticate`: check passwords. `lookup`: look accounts up without a password. `list`: list all accounts. `policy`: ask whether a login may be tried, and report what has become of it; what such a caller reports is believed. `admin`: use the interface for administrators.',
        examples: ['authenticate'],
      }),
      {
        description: 'What the caller may ask.',
        minItems: 1,
        uniqueItems: true,
        examples: [['authenticate', 'lookup', 'list']],
      },
    ),
    networks: Type.Array(Network({ description: 'Network in CIDR form, or one address.', examples: ['10.0.0.0/24'] }), {
      description: 'Networks the caller may come from; empty for anywhere.',
      default: [],
      uniqueItems: true,
      examples: [['10.0.0.0/24', '2001:db8::/64', '192.0.2.7']],
    }),
  },
  { description: 'A mail server that may ask, with a proof of its own: one of `secret`, `certificate` and `token`.' },
);

interface CallerRights {
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Addresses, or networks in CIDR form. */
  readonly networks: readonly string[];
}

/** A caller that sends a secret, of which a stored hash is known as text. */
export interface SecretCallerConfig extends CallerRights {
  readonly kind: 'secret';
  readonly secret: Secret;
}

export interface CertificateCallerConfig extends CallerRights {
  readonly kind: 'certificate';
  readonly certificate: CertificatePattern;
}

export interface TokenCallerConfig extends CallerRights {
  readonly kind: 'token';
  readonly token: TokenConfig;
}

export type CallerConfig = SecretCallerConfig | CertificateCallerConfig | TokenCallerConfig;

const NO_HASH = /^\{(PLAIN|CLEAR)/i;

type RawCaller = Type.Static<typeof CallerSchema>;

export function resolveCaller(raw: RawCaller, context: ResolveContext): CallerConfig {
  const rights = {
    name: raw.name,
    scopes: new Set(raw.scopes),
    networks: raw.networks.map((network, i) => resolveNetwork(network, `networks[${i}]`, context)),
  };
  const { secret, certificate, token } = raw;
  const proofs = [secret, certificate, token].filter((proof) => proof !== undefined).length;
  if (proofs > 1) context.problem('', 'has several proofs; needed: one of secret, certificate and token');
  if (certificate !== undefined) {
    const pattern = resolveCallerCertificate(certificate, context.at('certificate'));
    return { kind: 'certificate', ...rights, certificate: pattern };
  }
  if (token !== undefined) return { kind: 'token', ...rights, token: resolveCallerToken(token, context.at('token')) };
  return { kind: 'secret', ...rights, secret: resolveSecret(secret, context) };
}

function resolveSecret(secret: RawCaller['secret'], context: ResolveContext): Secret {
  if (secret === undefined) {
    context.problem('secret', 'is missing; needed: a secret, a certificate or a token that proves the caller');
    return Secret.fromText('');
  }
  if (typeof secret === 'string' && NO_HASH.test(secret))
    context.problem(
      'secret',
      'a secret is not written into this file; give its hash, as `nauthilus hash make` makes it',
    );
  return context.readSecret(secret, 'secret');
}

/** Checks a network in CIDR form, or an address; gives it without bits beyond its prefix. */
export function resolveNetwork(network: string, key: string, context: ResolveContext): string {
  if (isIP(network) !== 0) return network;
  if (!ipaddr.isValidCIDR(network) || isIP(network.split('/')[0] ?? '') === 0) {
    context.problem(key, 'is no network; write an address, or one with the length of its prefix, such as 10.0.0.0/24');
    return network;
  }
  const [address, prefix] = ipaddr.parseCIDR(network);
  const family = address.kind() === 'ipv6' ? ipaddr.IPv6 : ipaddr.IPv4;
  const first = family.networkAddressFromCIDR(network).toString();
  if (first !== address.toString()) context.warning(key, `stands for the whole network ${first}/${prefix}`);
  return `${first}/${prefix}`;
}
