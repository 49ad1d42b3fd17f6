import Type from 'typebox';
import { Choice, Count, DurationAboveZero, Name, type ResolveContext, Section } from '../../config/fields.ts';
import { parseClientAddress } from '../../login/client-address.ts';
import { CHOICES, type ChoiceName } from './choice.ts';
import { type PoolProbeConfig, PoolProbeSchema, resolvePoolProbe } from './probe-config.ts';

const HOST = '^[A-Za-z0-9:._-]{1,253}$';
const PROTOCOL = '^[a-z0-9][a-z0-9._-]{0,31}$';
const ATTRIBUTE_NAME = '^[^\\s=]{1,128}$';

const MailHostSchema = Section(
  {
    host: Type.String({
      pattern: HOST,
      description: 'Its name, or its address. A name is looked up by this service: who asks gets an address.',
      examples: ['mail1.example.test', '10.0.0.11', '2001:db8::11'],
    }),
    port: Count({ description: 'Its TCP port.', minimum: 1, maximum: 65_535, examples: [143] }),
    weight: Count({
      description: 'Its share of the accounts, beside the others of the pool.',
      minimum: 1,
      maximum: 1000,
      default: 1,
      examples: [2],
    }),
  },
  { description: 'A host that has the mail of accounts.' },
);

const PoolSchema = Section(
  {
    name: Name({ description: 'Name of the pool in the log and in metrics.', examples: ['imap'] }),
    protocols: Type.Array(
      Type.String({ pattern: PROTOCOL, description: 'Name of a protocol, in lower case.', examples: ['imap'] }),
      {
        description: 'Protocols of the clients that are sent to these hosts.',
        minItems: 1,
        uniqueItems: true,
        examples: [['imap', 'imaps']],
      },
    ),
    hosts: Type.Array(MailHostSchema, {
      description: 'The hosts. Those that are down, drained or in maintenance get no accounts.',
      minItems: 1,
    }),
    choice: Choice([...CHOICES], {
      description:
        '`affinity`: each account has one host, the same as long as that is there; where one goes, only its own accounts are spread over the others. `least_connections`: the host to which the fewest accounts were sent lately, for its weight. `weight`: one host after the other, as often as its weight says.',
      default: 'affinity',
      examples: ['least_connections'],
    }),
    connection_half_life: DurationAboveZero({
      description:
        'For `least_connections`: time after which a login counts for half a connection, then a quarter, and so on. Nobody tells this service when connections end; set it to about as long as they last.',
      default: '10m',
      examples: ['1m'],
    }),
    probe: PoolProbeSchema,
  },
  { description: 'Hosts that serve the same protocols for the same accounts.' },
);

export const MailHostsSchema = Section(
  {
    pools: Type.Array(PoolSchema, { description: 'Pools of hosts, by what they serve.', default: [] }),
    account_attribute: Type.Optional(
      Type.String({
        pattern: ATTRIBUTE_NAME,
        description:
          'Attribute that names the host of an account where it has one of its own: `host`, `host:port` or `[address]:port`. Without a port, the port is that of the host in the pool, or of the first host there. Such an account is never sent elsewhere.',
        examples: ['mailHost'],
      }),
    ),
    probe_interval: DurationAboveZero({
      description: 'Time between two probes of a host.',
      default: '10s',
      examples: ['5s'],
    }),
    probe_deadline: DurationAboveZero({
      description: 'Time within which a name must be looked up, and within which a probe must be over.',
      default: '3s',
      examples: ['1s'],
    }),
    probe_failures: Count({
      description: 'Probes in a row that must fail until a host is taken as down.',
      minimum: 1,
      maximum: 100,
      default: 2,
      examples: [3],
    }),
    probe_successes: Count({
      description: 'Probes in a row that must succeed until a host that was down is used again.',
      minimum: 1,
      maximum: 100,
      default: 2,
      examples: [3],
    }),
  },
  { description: 'Hosts that logins are sent on to by proxies which ask this service, such as nginx.', default: {} },
);

export interface MailHostConfig {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

export interface MailPoolConfig {
  readonly name: string;
  readonly protocols: readonly string[];
  readonly hosts: readonly MailHostConfig[];
  readonly choice: ChoiceName;
  /** For `least_connections`. */
  readonly connectionHalfLifeMs: number;
  readonly probe: PoolProbeConfig;
}

/** When a host is taken as down, and as there again. */
export interface ProbeConfig {
  readonly failures: number;
  readonly successes: number;
}

export interface MailHostsConfig {
  readonly pools: readonly MailPoolConfig[];
  readonly accountAttribute: string | undefined;
  readonly probe: ProbeConfig;
  /** Longest time that anybody waits for the address of a host. */
  readonly lookUpDeadlineMs: number;
}

export function resolveMailHosts(raw: Type.Static<typeof MailHostsSchema>, context: ResolveContext): MailHostsConfig {
  refuseRepeats(raw.pools, context);
  const usual = {
    intervalMs: context.durationMs(raw.probe_interval),
    deadlineMs: context.durationMs(raw.probe_deadline),
  };
  return {
    pools: raw.pools.map((pool, i) => resolvePool(pool, usual, context.at(`pools[${i}]`))),
    accountAttribute: raw.account_attribute,
    probe: { failures: raw.probe_failures, successes: raw.probe_successes },
    lookUpDeadlineMs: usual.deadlineMs,
  };
}

function resolvePool(
  { name, protocols, hosts, choice, connection_half_life: halfLife, probe }: Type.Static<typeof PoolSchema>,
  usual: { readonly intervalMs: number; readonly deadlineMs: number },
  context: ResolveContext,
): MailPoolConfig {
  const names = hosts.map(({ host }) => host);
  return {
    name,
    protocols,
    hosts,
    choice,
    connectionHalfLifeMs: context.durationMs(halfLife),
    probe: resolvePoolProbe(probe, usual, names, context.at('probe')),
  };
}

function refuseRepeats(
  pools: readonly Pick<MailPoolConfig, 'name' | 'protocols' | 'hosts'>[],
  context: ResolveContext,
): void {
  const names = new Set<string>();
  const owners = new Map<string, string>();
  for (const [i, { name, protocols, hosts }] of pools.entries()) {
    const key = `pools[${i}]`;
    if (names.has(name)) context.problem(`${key}.name`, `${name} is the name of another pool already`);
    names.add(name);
    for (const [j, protocol] of protocols.entries()) {
      const owner = owners.get(protocol);
      if (owner !== undefined) context.problem(`${key}.protocols[${j}]`, `${protocol} is served by the pool ${owner}`);
      owners.set(protocol, name);
    }
    const places = new Set<string>();
    for (const [j, { host, port }] of hosts.entries()) {
      const place = `${parseClientAddress(host) ?? host.toLowerCase()} port ${port}`;
      if (host.includes(':') && parseClientAddress(host) === undefined)
        context.problem(
          `${key}.hosts[${j}].host`,
          'is neither a name nor an address; the port is a setting of its own',
        );
      if (places.has(place)) context.problem(`${key}.hosts[${j}]`, `${place} is in the pool already`);
      places.add(place);
    }
  }
}
