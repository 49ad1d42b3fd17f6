import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import Type from 'typebox';
import { Choice, Name, Network, type ResolveContext, Section, StoredHash } from '../../config/fields.ts';
import type { Secret } from '../../login/secret.ts';
import type { Scope } from './callers.ts';

const SCOPES = ['authenticate', 'lookup', 'list', 'admin'] as const satisfies readonly Scope[];

export const CallerSchema = Section(
  {
    name: Name({
      description: 'User name the caller sends by HTTP Basic authentication; log lines show it.',
      examples: ['dovecot'],
    }),
    secret: StoredHash({
      description:
        'Hash of the secret the caller sends as password, with its scheme in braces, as `nauthilus hash make` prints it; or a file that holds one line with that hash.',
      examples: [{ file: 'callers/dovecot.hash' }],
    }),
    scopes: Type.Array(
      Choice([...SCOPES], {
        description:
          '`authenticate`: check passwords. `lookup`: look accounts up without a password. `list`: list all accounts. `admin`: use the interface for administrators.',
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
  { description: 'A mail server that may ask, with a secret of its own.' },
);

export interface CallerConfig {
  readonly name: string;
  /** A stored hash as text. */
  readonly secret: Secret;
  readonly scopes: ReadonlySet<Scope>;
  /** Addresses, or networks in CIDR form. */
  readonly networks: readonly string[];
}

const NO_HASH = /^\{(PLAIN|CLEAR)/i;

export function resolveCaller(raw: Type.Static<typeof CallerSchema>, context: ResolveContext): CallerConfig {
  if (typeof raw.secret === 'string' && NO_HASH.test(raw.secret))
    context.problem(
      'secret',
      'a secret is not written into this file; give its hash, as `nauthilus hash make` makes it',
    );
  return {
    name: raw.name,
    secret: context.readSecret(raw.secret, 'secret'),
    scopes: new Set(raw.scopes),
    networks: raw.networks.map((network, i) => resolveNetwork(network, `networks[${i}]`, context)),
  };
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
