import Type from 'typebox';
import { ByteSize, Count, DurationAboveZero, Network, type ResolveContext, Section } from '../../config/fields.ts';
import { resolveNetwork } from './callers-config.ts';
import type { ListenerLimits } from './http-listener.ts';
import {
  ALLOW_CLEARTEXT,
  type ListenerTlsConfig,
  ListenerTlsSchema,
  resolveListenerTls,
} from './listener-tls-config.ts';
import { isLocalPlace, type ListenerPlace, PLACE_FIELDS, resolvePlace, resolveProxyProtocol } from './place-config.ts';

export const ListenerSchema = Section(
  {
    ...PLACE_FIELDS,
    tls: Type.Optional(ListenerTlsSchema),
    allow_cleartext: ALLOW_CLEARTEXT,
  },
  {
    description:
      'An address, a unix socket or a socket of systemd that answers HTTPS, or HTTP where `tls` is left out.',
  },
);

export const HttpSchema = Section(
  {
    header_timeout: DurationAboveZero({
      description: 'Time within which the header section of a request, or a TLS handshake, must be complete.',
      default: '10s',
      examples: ['5s'],
    }),
    body_timeout: DurationAboveZero({
      description: 'Time within which a whole request must have arrived, its header section included.',
      default: '20s',
      examples: ['10s'],
    }),
    idle_timeout: DurationAboveZero({
      description:
        'Time after which a connection without a request is closed. Keep it above the idle time of the HTTP clients, so that none sends a request into a closing connection.',
      default: '120s',
      examples: ['5m'],
    }),
    max_connections: Count({
      description: 'Connections that one listener holds at a time; more are closed at once.',
      minimum: 1,
      maximum: 1_000_000,
      default: 10_000,
      examples: [2000],
    }),
    max_requests: Count({
      description: 'Requests under way at a time on all listeners together; more are answered with 503.',
      minimum: 1,
      maximum: 1_000_000,
      default: 2000,
      examples: [500],
    }),
    trusted_proxies: Type.Array(
      Network({ description: 'Network in CIDR form, or one address.', examples: ['10.0.0.0/24'] }),
      {
        description:
          'HTTP proxies whose `X-Forwarded-For` and `Forwarded` headers are believed. Read from right to left, the first address in them that is none of these is that of who asks. The headers of others are left alone.',
        default: [],
        uniqueItems: true,
        examples: [['10.0.0.5', '2001:db8::/64']],
      },
    ),
  },
  { description: 'Deadlines and bounds of all listeners.', default: {} },
);

export const AnswersSchema = Section(
  {
    attribute_headers_limit: ByteSize({
      description:
        'Bytes of `X-Nauthilus-*` headers with account attributes in one answer; attributes beyond it are in the body only. `0B` leaves these headers out.',
      default: '4KiB',
      examples: ['0B'],
    }),
    attribute_limit: ByteSize({
      description:
        'Bytes of attributes in one answer above which a warning names the account: an authentication worker of Dovecot fails when the fields of an account take more than 8 KiB.',
      default: '7KiB',
      examples: ['64KiB'],
    }),
  },
  { description: 'What answers may carry.', default: {} },
);

export interface ListenerConfig {
  readonly place: ListenerPlace;
  /** Networks of the proxies that begin each connection with a header of the PROXY protocol. */
  readonly proxyProtocol?: readonly string[] | undefined;
  /** Networks of the HTTP proxies that are believed. */
  readonly trustedProxies: readonly string[];
  readonly tls?: ListenerTlsConfig;
  /** Whether passwords may cross a network without TLS; of no interest where there is TLS. */
  readonly allowsCleartext: boolean;
  readonly limits: ListenerLimits;
}

/** Bounds in bytes. */
export interface AnswersConfig {
  readonly attributeHeadersLimit: number;
  readonly attributeLimit: number;
}

type Listener = Type.Static<typeof ListenerSchema>;
type Http = Type.Static<typeof HttpSchema>;

/** What all listeners have alike. */
export type SharedByListeners = Pick<ListenerConfig, 'limits' | 'trustedProxies'>;

export function resolveHttp(http: Http, context: ResolveContext): SharedByListeners {
  const limits = {
    headerTimeoutMs: context.durationMs(http.header_timeout),
    bodyTimeoutMs: context.durationMs(http.body_timeout),
    idleTimeoutMs: context.durationMs(http.idle_timeout),
    maxConnections: http.max_connections,
  };
  const resolve = (network: string, i: number) => resolveNetwork(network, `trusted_proxies[${i}]`, context);
  return { limits, trustedProxies: http.trusted_proxies.map(resolve) };
}

export function resolveListener(raw: Listener, shared: SharedByListeners, context: ResolveContext): ListenerConfig {
  const place = resolvePlace(raw, context);
  const proxyProtocol = resolveProxyProtocol(raw, context);
  if (place.kind === 'tcp' && raw.tls === undefined && !raw.allow_cleartext && !isLocalPlace(place))
    context.problem('tls', `is missing: other machines can reach ${place.address}; ${WITHOUT_TLS}`);
  const tls = raw.tls === undefined ? undefined : resolveListenerTls(raw.tls, context.at('tls'));
  return {
    place,
    ...shared,
    allowsCleartext: raw.allow_cleartext,
    ...(proxyProtocol !== undefined && { proxyProtocol }),
    ...(tls !== undefined && { tls }),
  };
}

const WITHOUT_TLS =
  'give a certificate and key, listen on 127.0.0.1, or set allow_cleartext: true where something else protects the passwords';

export function resolveAnswers(raw: Type.Static<typeof AnswersSchema>, context: ResolveContext): AnswersConfig {
  return {
    attributeHeadersLimit: context.byteSize(raw.attribute_headers_limit),
    attributeLimit: context.byteSize(raw.attribute_limit),
  };
}
