import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import Type from 'typebox';
import {
  Address,
  Choice,
  Count,
  DurationAboveZero,
  Flag,
  Name,
  Network,
  type ResolveContext,
  Section,
} from '../../config/fields.ts';
import { resolveNetwork } from '../http/callers-config.ts';
import { ALLOW_CLEARTEXT, KEY_PAIR_FIELDS } from '../http/listener-tls-config.ts';
import type { UnixSocketPlace } from '../sockets/unix-socket.ts';
import { resolveUnixSocket, UnixSocket } from '../sockets/unix-socket-config.ts';
import type { LineProtocol } from './line-session.ts';

const PROTOCOLS = ['sasl', 'saslauthd', 'socketmap', 'tcp_table'] as const satisfies readonly LineProtocol[];

const LineListenerSchema = Section(
  {
    name: Name({
      description: 'Name of the listener: log lines show it as the caller, since these protocols have no credentials.',
      examples: ['postfix-auth'],
    }),
    protocol: Choice([...PROTOCOLS], {
      description:
        '`sasl`: logins, by the protocol that Dovecot speaks with Postfix and Exim. `saslauthd`: logins, by the protocol of Cyrus SASL; the socket must be called `mux` for most of its clients. `socketmap` and `tcp_table`: look-ups in `maps`, by protocols of Postfix.',
      examples: ['sasl'],
    }),
    unix: Type.Optional(UnixSocket({ description: 'A unix socket to listen on, instead of `address` and `port`.' })),
    address: Address({
      description:
        'IP address to listen on, with `port`. Other machines can reach it only with `tls` and `networks`, or with `allow_cleartext` and `networks`.',
      default: '127.0.0.1',
      examples: ['192.0.2.1'],
    }),
    port: Type.Optional(
      Count({
        description: 'TCP port to listen on; 0 lets the system choose one.',
        minimum: 0,
        maximum: 65_535,
        examples: [12345],
      }),
    ),
    tls: Type.Optional(
      Section(KEY_PAIR_FIELDS, {
        description:
          'Certificate and key: TLS from the first byte. Mail servers do not speak it themselves in these protocols; a tunnel beside them does.',
      }),
    ),
    networks: Type.Array(Network({ description: 'Network in CIDR form, or one address.', examples: ['10.0.0.0/24'] }), {
      description:
        'Networks that may connect; empty for any on an address that only this machine can reach. Unix sockets have none.',
      default: [],
      uniqueItems: true,
      examples: [['10.0.0.0/24']],
    }),
    allow_cleartext: ALLOW_CLEARTEXT,
    temporary_failures: Choice(['hang_up', 'answer'], {
      description:
        'How `sasl` tells that nobody can know now whether a login is right. `hang_up` closes the connection, where nothing else is under way on it: Postfix takes every answer for a refusal, and only a lost connection for a temporary failure (454). `answer` sends `FAIL` with `temp` and `code=temp_fail`, which Dovecot understands.',
      default: 'hang_up',
      examples: ['answer'],
    }),
    clients_have_tls: Flag({
      description:
        'For `saslauthd`, which does not tell: the mail server takes passwords over TLS alone, so that logins count as encrypted (`protection.tls`).',
      default: false,
      examples: [true],
    }),
    maps: Type.Array(Name({ description: 'Name of a map.', examples: ['mailboxes'] }), {
      description:
        'Maps that may be asked: all of them where it is empty for `socketmap`, exactly one for `tcp_table`, which knows no names.',
      default: [],
      uniqueItems: true,
      examples: [['mailboxes']],
    }),
  },
  { description: 'A unix socket or an address for mail servers that speak no HTTP.' },
);

export const LineListenersSchema = Type.Array(LineListenerSchema, {
  description: 'Unix sockets and addresses for mail servers that speak no HTTP.',
  default: [],
  maxItems: 64,
});

export const LineSchema = Section(
  {
    request_timeout: DurationAboveZero({
      description: 'Time within which a TLS handshake, a greeting, or a request that has begun must be complete.',
      default: '20s',
      examples: ['10s'],
    }),
    idle_timeout: DurationAboveZero({
      description:
        'Time after which a connection without a request is closed. Mail servers keep connections for as long as their processes live.',
      default: '1h',
      examples: ['10m'],
    }),
    max_connections: Count({
      description: 'Connections that one listener holds at a time; more are closed at once.',
      minimum: 1,
      maximum: 1_000_000,
      default: 5000,
      examples: [1000],
    }),
    max_connections_per_peer: Count({
      description: 'Connections that one listener holds at a time with one address; unix sockets have no addresses.',
      minimum: 1,
      maximum: 1_000_000,
      default: 1000,
      examples: [200],
    }),
    max_requests: Count({
      description: 'Requests under way at a time on all of `line_listeners` together; more are temporary failures.',
      minimum: 1,
      maximum: 1_000_000,
      default: 2000,
      examples: [500],
    }),
  },
  { description: 'Deadlines and bounds of all `line_listeners`.', default: {} },
);

/** Deadlines and bounds of a listener; times in milliseconds. */
export interface LineLimits {
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerPeer: number;
}

export interface LineConfig extends LineLimits {
  readonly maxRequests: number;
}

export type LinePlace =
  | { readonly kind: 'unix'; readonly socket: UnixSocketPlace }
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number };

export interface LineListenerConfig {
  readonly name: string;
  readonly protocol: LineProtocol;
  readonly place: LinePlace;
  /** Absolute paths of PEM files. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly minVersion: 'TLSv1.2' | 'TLSv1.3' };
  readonly temporaryFailures: 'hang_up' | 'answer';
  /** Whether clients have TLS where the protocol does not tell. */
  readonly clientsHaveTls: boolean;
  /** Networks that may connect; empty for any. */
  readonly networks: readonly string[];
  /** Names of maps that may be asked. */
  readonly maps: readonly string[];
}

type RawListener = Type.Static<typeof LineListenerSchema>;

export function resolveLine(raw: Type.Static<typeof LineSchema>, context: ResolveContext): LineConfig {
  return {
    requestTimeoutMs: context.durationMs(raw.request_timeout),
    idleTimeoutMs: context.durationMs(raw.idle_timeout),
    maxConnections: raw.max_connections,
    maxConnectionsPerPeer: raw.max_connections_per_peer,
    maxRequests: raw.max_requests,
  };
}

/** @param known names of the maps that there are */
export function resolveLineListener(
  raw: RawListener,
  known: readonly string[],
  context: ResolveContext,
): LineListenerConfig {
  const { name, protocol, tls } = raw;
  if (raw.clients_have_tls && protocol !== 'saslauthd')
    context.problem('clients_have_tls', 'is for saslauthd alone; sasl tells of each client, and look-ups have none');
  const networks = raw.networks.map((network, i) => resolveNetwork(network, `networks[${i}]`, context));
  const listener = {
    name,
    protocol,
    temporaryFailures: raw.temporary_failures,
    clientsHaveTls: raw.clients_have_tls,
    place: resolvePlace(raw, context),
    networks,
    maps: chosenMaps(raw, known, context),
  };
  if (tls === undefined) return listener;
  const certificate = context.resolvePath(tls.certificate);
  const key = context.resolvePath(tls.key);
  return { ...listener, tls: { certificate, key, minVersion: tls.min_version } };
}

function resolvePlace(raw: RawListener, context: ResolveContext): LinePlace {
  const { unix, port, address } = raw;
  if (unix !== undefined) {
    if (port !== undefined) context.problem('port', 'a listener has a unix socket or a port, not both');
    if (raw.tls !== undefined) context.problem('tls', 'a unix socket needs no TLS');
    if (raw.networks.length > 0)
      context.problem('networks', 'a unix socket has none; mode and group say who may connect');
    return { kind: 'unix', socket: resolveUnixSocket(unix, context.at('unix')) };
  }
  if (port === undefined) context.problem('port', 'is missing; give it, or a unix socket');
  if (isIP(address) === 0) context.problem('address', 'is no IP address');
  else if (ipaddr.process(address).range() !== 'loopback') refuseOpenAddress(raw, context);
  return { kind: 'tcp', address, port: port ?? 0 };
}

/** Nobody who asks has to prove who they are. */
function refuseOpenAddress(
  { address, tls, networks, allow_cleartext: isAllowed }: RawListener,
  context: ResolveContext,
): void {
  if (networks.length === 0)
    context.problem(
      'networks',
      `is missing: other machines can reach ${address}; name those that may connect, ${OR_LOCAL}`,
    );
  if (tls === undefined && !isAllowed)
    context.problem(
      'tls',
      `is missing: other machines can reach ${address}; give a certificate and key, ${OR_LOCAL}, or set allow_cleartext: true where something else protects the passwords`,
    );
}

const OR_LOCAL = 'listen on 127.0.0.1 or a unix socket';

function chosenMaps(raw: RawListener, known: readonly string[], context: ResolveContext): readonly string[] {
  const { protocol, maps } = raw;
  for (const [i, map] of maps.entries())
    if (!known.includes(map))
      context.problem(
        `maps[${i}]`,
        `${map} is not in maps; ${known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`}`,
      );
  switch (protocol) {
    case 'sasl':
    case 'saslauthd':
      if (maps.length > 0) context.problem('maps', `a listener for ${protocol} has none`);
      return [];
    case 'tcp_table':
      if (maps.length !== 1) context.problem('maps', 'must name exactly one: tcp_table knows no names of maps');
      return maps;
    case 'socketmap':
      if (known.length === 0)
        context.problem('maps', 'there are no maps that a listener for socketmap could answer from');
      return maps.length === 0 ? known : maps;
  }
}
