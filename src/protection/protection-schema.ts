import Type from 'typebox';
import { Choice, Count, Duration, DurationAboveZero, Name, Section } from '../config/fields.ts';
import { OverrideSchema } from './login-rules/override-schema.ts';
import { PlacesSchema } from './login-rules/place-schema.ts';
import { RblSchema } from './login-rules/rbl-schema.ts';
import { domainList, mode, networkList, words } from './rule-fields.ts';

function ipv4Prefix(description: string, fallback?: number) {
  const about = { description, minimum: 8, maximum: 32, examples: [24] };
  return fallback === undefined ? Count(about) : Count({ ...about, default: fallback });
}

function ipv6Prefix(description: string, fallback?: number) {
  const about = { description, minimum: 16, maximum: 128, examples: [56] };
  return fallback === undefined ? Count(about) : Count({ ...about, default: fallback });
}

export const NetworkRuleSchema = Section(
  {
    name: Name({ description: 'Name of the rule in the log, in metrics and in blocks.', examples: ['address'] }),
    mode: mode('enforce'),
    window: DurationAboveZero({ description: 'Time within which guesses are counted.', examples: ['10m'] }),
    limit: Count({
      description:
        'Guesses of one network within the window: different pairs of an account and a wrong password. With one more the network is blocked.',
      minimum: 1,
      maximum: 500,
      examples: [20],
    }),
    block: DurationAboveZero({
      description: 'How long the first block of a network lasts; each further one lasts twice as long as the last.',
      examples: ['15m'],
    }),
    longest_block: DurationAboveZero({ description: 'Longest block.', examples: ['1d'] }),
    ipv4_prefix: Type.Optional(
      ipv4Prefix('Length of the prefix that makes a network of IPv4; without it the rule is not for IPv4.'),
    ),
    ipv6_prefix: Type.Optional(
      ipv6Prefix('Length of the prefix that makes a network of IPv6; without it the rule is not for IPv6.'),
    ),
    protocols: words('Protocols that the rule is for; empty for all.', 'submission'),
    callers: words('Callers that the rule is for; empty for all.', 'dovecot'),
    oidc_clients: words('OpenID Connect clients that the rule is for; empty for all.', 'webmail'),
  },
  { description: 'A limit of guesses out of one network.' },
);

/** The ladder that stands without a line of configuration: from one address to a provider's network. */
const EVERYTHING = { mode: 'enforce', protocols: [], callers: [], oidc_clients: [] };
const STANDARD_LADDER = [
  {
    ...EVERYTHING,
    name: 'address',
    window: '10m',
    limit: 20,
    block: '15m',
    longest_block: '1d',
    ipv4_prefix: 32,
    ipv6_prefix: 128,
  },
  {
    ...EVERYTHING,
    name: 'address-day',
    window: '1d',
    limit: 60,
    block: '1d',
    longest_block: '7d',
    ipv4_prefix: 32,
    ipv6_prefix: 64,
  },
  {
    ...EVERYTHING,
    name: 'subnet',
    window: '1h',
    limit: 60,
    block: '2h',
    longest_block: '1d',
    ipv4_prefix: 24,
    ipv6_prefix: 64,
  },
  {
    ...EVERYTHING,
    name: 'site',
    window: '1h',
    limit: 100,
    block: '2h',
    longest_block: '1d',
    ipv6_prefix: 56,
  },
  {
    ...EVERYTHING,
    name: 'provider',
    window: '1h',
    limit: 150,
    block: '2h',
    longest_block: '1d',
    ipv6_prefix: 48,
  },
];

const AccountsSchema = Section(
  {
    mode: mode('enforce'),
    window: DurationAboveZero({
      description: 'Time within which wrong passwords of an account are counted.',
      default: '1d',
      examples: ['12h'],
    }),
    from_new_networks: Count({
      description:
        'Different wrong passwords of one account that a backend is asked about, out of all networks together from which it has not logged in before. Then nobody else from there is let in until the window has passed.',
      minimum: 1,
      maximum: 500,
      default: 50,
      examples: [20],
    }),
    from_known_networks: Count({
      description: 'The same out of all networks together from which the account has logged in before.',
      minimum: 1,
      maximum: 500,
      default: 40,
      examples: [20],
    }),
    per_known_network: Count({
      description: 'The same out of each such network.',
      minimum: 1,
      maximum: 500,
      default: 20,
      examples: [10],
    }),
  },
  {
    description: 'How many wrong passwords of one account are tried, however many addresses they come from.',
    default: {},
  },
);

const KnownNetworksSchema = Section(
  {
    days: Count({
      description: 'Days for which a network stays known to an account after its last login from there.',
      minimum: 1,
      maximum: 365,
      default: 30,
      examples: [90],
    }),
    ipv4_prefix: ipv4Prefix('Length of the prefix that makes a network of IPv4.', 24),
    ipv6_prefix: ipv6Prefix('Length of the prefix that makes a network of IPv6.', 48),
  },
  {
    description:
      'Networks from which an account has logged in: what happens elsewhere does not keep its owner out of there. At most 64 for each account.',
    default: {},
  },
);

const SprayingSchema = Section(
  {
    mode: mode('enforce'),
    window: DurationAboveZero({
      description: 'Time within which the accounts are counted.',
      default: '1d',
      examples: ['12h'],
    }),
    accounts: Count({
      description:
        'Accounts at which one password may fail out of one network; at further accounts it is not tried. Other passwords still are.',
      minimum: 1,
      maximum: 500,
      default: 20,
      examples: [10],
    }),
    ipv4_prefix: ipv4Prefix('Length of the prefix that makes a network of IPv4.', 24),
    ipv6_prefix: ipv6Prefix('Length of the prefix that makes a network of IPv6.', 48),
  },
  { description: 'One password that is tried at many accounts.', default: {} },
);

const SharedAddressesSchema = Section(
  {
    accounts: Count({
      description:
        'Accounts that have logged in from one address (IPv6: one /64) within a day from which on it is taken for an office, a webmail or a proxy that hides its clients: its guesses are told in the log but do not block it. `0` for never.',
      minimum: 0,
      maximum: 500,
      default: 50,
      examples: [200],
    }),
  },
  { description: 'Addresses that many accounts log in from.', default: {} },
);

const WaitSchema = Section(
  {
    free: Count({
      description: 'Different wrong passwords of an account after which its client need not wait yet.',
      minimum: 0,
      maximum: 500,
      default: 3,
      examples: [5],
    }),
    longest: Duration({
      description: 'Longest time that a client is asked to wait; `0s` for no waiting.',
      default: '60s',
      examples: ['20s'],
    }),
  },
  {
    description: 'How long mail servers are asked to let a client wait after a refusal; the time grows with each one.',
    default: {},
  },
);

export const ProtectionSchema = Section(
  {
    network_rules: Choice(['off', 'observe', 'enforce'], {
      description:
        'How far the rules of `networks` and `spraying` go at most: `observe` tells in the log what they would have refused, whatever the single rules say. The budget of each account holds either way.',
      default: 'enforce',
      examples: ['observe'],
    }),
    exempt_networks: networkList('Networks whose logins no rule looks at.'),
    exempt_callers: words('Callers whose logins no rule looks at.', 'monitoring'),
    denied_networks: Section(
      { mode: mode('enforce'), networks: networkList('Networks from which nobody is let in.') },
      { description: 'Networks that are kept out.', default: {} },
    ),
    tls: Section(
      {
        mode: mode('off'),
        exempt_networks: networkList('Networks from which a login may come without TLS.'),
      },
      { description: 'Whether a login must come over TLS between client and mail server.', default: {} },
    ),
    relay_domains: Section(
      {
        mode: mode('enforce'),
        domains: domainList(
          'Domains of login names; empty for all unless `from` names backends. Names without a domain are always let through.',
        ),
        from: Type.Array(Name({ description: 'Name of a backend.', examples: ['accounts'] }), {
          description:
            'Backends whose accounts tell what domains are served, beside `domains`: those of all names that they list. Until a list is read all domains are served.',
          default: [],
          uniqueItems: true,
          examples: [['accounts']],
        }),
        refresh: DurationAboveZero({
          description:
            'Time after which the lists of these backends are read again; a changed accounts file is read at once.',
          default: '10m',
          examples: ['1h'],
        }),
      },
      { description: 'Domains that are served.', default: {} },
    ),
    rbl: RblSchema,
    places: PlacesSchema,
    overrides: Type.Array(OverrideSchema, {
      description: 'Other modes for single accounts or domains. The first that has the login name holds, alone.',
      default: [],
    }),
    accounts: AccountsSchema,
    known_networks: KnownNetworksSchema,
    networks: Type.Array(NetworkRuleSchema, {
      description:
        'Limits of guesses out of one network, each with its own size of network. A list here takes the place of the one that stands without it.',
      default: STANDARD_LADDER,
    }),
    spraying: SprayingSchema,
    shared_addresses: SharedAddressesSchema,
    wait: WaitSchema,
  },
  {
    description:
      'What keeps a login out before a backend is asked. Look-ups and lists are never kept out. Guesses are counted so that an attacker gets few of them and an owner who comes from where he always comes is let in.',
    default: {},
  },
);
