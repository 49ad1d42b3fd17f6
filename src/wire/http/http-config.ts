import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import Type from 'typebox';
import {
  Address,
  ByteSize,
  Choice,
  Count,
  DurationAboveZero,
  Flag,
  Path,
  type ResolveContext,
  Section,
} from '../../config/fields.ts';
import type { ListenerLimits } from './http-listener.ts';

export const ListenerSchema = Section(
  {
    address: Address({
      description:
        'IP address to listen on: `127.0.0.1` for this machine only, `0.0.0.0` or `::` for all of its addresses.',
      default: '127.0.0.1',
      examples: ['0.0.0.0', '::1'],
    }),
    port: Count({
      description: 'TCP port to listen on; 0 lets the system choose one.',
      minimum: 0,
      maximum: 65_535,
      default: 9443,
      examples: [9443],
    }),
    tls: Type.Optional(
      Section(
        {
          certificate: Path({
            description:
              'PEM file of the certificate, followed by its chain. Read anew when it changes, without dropping connections.',
            examples: ['tls/server.crt'],
          }),
          key: Path({
            description: 'PEM file of the private key, without passphrase. Read anew when it changes.',
            examples: ['tls/server.key'],
          }),
          min_version: Choice(['TLSv1.2', 'TLSv1.3'], {
            description: 'Oldest TLS version that is spoken.',
            default: 'TLSv1.2',
            examples: ['TLSv1.3'],
          }),
        },
        { description: 'Certificate and key; without this section the listener speaks plain HTTP.' },
      ),
    ),
    allow_cleartext: Flag({
      description:
        'Lets a listener without TLS use an address that other machines can reach. Passwords then cross the network unencrypted unless something else protects them.',
      default: false,
      examples: [true],
    }),
  },
  { description: 'An address that answers HTTPS, or HTTP where `tls` is left out.' },
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
  readonly address: string;
  readonly port: number;
  /** Absolute paths of PEM files. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly minVersion: 'TLSv1.2' | 'TLSv1.3' };
  readonly limits: ListenerLimits;
}

/** Bounds in bytes. */
export interface AnswersConfig {
  readonly attributeHeadersLimit: number;
  readonly attributeLimit: number;
}

type Listener = Type.Static<typeof ListenerSchema>;
type Http = Type.Static<typeof HttpSchema>;

export function resolveLimits(http: Http, context: ResolveContext): ListenerLimits {
  return {
    headerTimeoutMs: context.durationMs(http.header_timeout),
    bodyTimeoutMs: context.durationMs(http.body_timeout),
    idleTimeoutMs: context.durationMs(http.idle_timeout),
    maxConnections: http.max_connections,
  };
}

export function resolveListener(raw: Listener, limits: ListenerLimits, context: ResolveContext): ListenerConfig {
  const { address, port, tls } = raw;
  if (isIP(address) === 0) context.problem('address', 'is no IP address');
  else if (tls === undefined && !raw.allow_cleartext && !isLoopback(address))
    context.problem('tls', `is missing: other machines can reach ${address}; ${WITHOUT_TLS}`);
  if (tls === undefined) return { address, port, limits };
  const certificate = context.resolvePath(tls.certificate);
  const key = context.resolvePath(tls.key);
  return { address, port, limits, tls: { certificate, key, minVersion: tls.min_version } };
}

const WITHOUT_TLS =
  'give a certificate and key, listen on 127.0.0.1, or set allow_cleartext: true where something else protects the passwords';

function isLoopback(address: string): boolean {
  return ipaddr.process(address).range() === 'loopback';
}

export function resolveAnswers(raw: Type.Static<typeof AnswersSchema>, context: ResolveContext): AnswersConfig {
  return {
    attributeHeadersLimit: context.byteSize(raw.attribute_headers_limit),
    attributeLimit: context.byteSize(raw.attribute_limit),
  };
}
