import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import Type from 'typebox';
import { Address, Count, Network, type ResolveContext, Section } from '../../config/fields.ts';
import { resolveUnixSocket, UnixSocket, type UnixSocketSettings } from '../sockets/unix-socket-config.ts';
import type { UnixSocketPlace } from '../sockets/unix-socket.ts';
import { resolveNetwork } from './callers-config.ts';

/** What a listener has where its address is left out. */
export const LOOPBACK = '127.0.0.1';
export const USUAL_PORT = 9443;

/** Where a listener is, and what is in front of it: settings of a listener beside its TLS. */
export const PLACE_FIELDS = {
  address: Type.Optional(
    Address({
      description:
        'IP address to listen on: `127.0.0.1`, as where it is left out, for this machine only, `0.0.0.0` or `::` for all of its addresses.',
      examples: ['0.0.0.0', '::1'],
    }),
  ),
  port: Type.Optional(
    Count({
      description: 'TCP port to listen on, 9443 where it is left out; 0 lets the system choose one.',
      minimum: 0,
      maximum: 65_535,
      examples: [9443],
    }),
  ),
  unix: Type.Optional(
    UnixSocket({
      description:
        'Listens on a unix socket instead of an address. Who asks over it counts as `127.0.0.1` wherever networks are named.',
    }),
  ),
  systemd: Type.Optional(
    Type.String({
      description:
        'Listens on a socket that systemd has opened instead of an address: the `FileDescriptorName` of its socket unit, or the name of that unit (socket activation).',
      pattern: '^[!-9;-~]{1,255}$',
      examples: ['nauthilus.socket'],
    }),
  ),
  proxy_protocol: Type.Optional(
    Section(
      {
        from: Type.Array(
          Network({
            description: 'Network in CIDR form, or one address.',
            examples: ['10.0.0.0/24'],
          }),
          {
            description: 'Where the proxies are. Connections from elsewhere end at once.',
            minItems: 1,
            uniqueItems: true,
            examples: [['10.0.0.5', '2001:db8::/64']],
          },
        ),
      },
      {
        description:
          'Each connection must begin with a header of the PROXY protocol, version 1 or 2, before TLS; the address in it counts as that of who asks. Without this section such a header is no valid request.',
      },
    ),
  ),
};

/** Where a listener is. */
export type ListenerPlace =
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly socket: UnixSocketPlace }
  /** The name that systemd has for the socket. */
  | { readonly kind: 'systemd'; readonly name: string };

export interface PlaceSettings {
  readonly address?: string;
  readonly port?: number;
  readonly unix?: UnixSocketSettings;
  readonly systemd?: string;
  readonly proxy_protocol?: { readonly from: readonly string[] };
}

/** Resolves the place; `context` is that of the listener. */
export function resolvePlace(raw: PlaceSettings, context: ResolveContext): ListenerPlace {
  const { address = LOOPBACK, port = USUAL_PORT, unix, systemd } = raw;
  refuseSeveralPlaces(raw, context);
  if (systemd !== undefined) return { kind: 'systemd', name: systemd };
  if (unix !== undefined) return { kind: 'unix', socket: resolveUnixSocket(unix, context.at('unix')) };
  if (isIP(address) === 0) context.problem('address', 'is no IP address');
  return { kind: 'tcp', address, port };
}

function refuseSeveralPlaces({ address, port, unix, systemd }: PlaceSettings, context: ResolveContext): void {
  const tcp = address === undefined ? (port === undefined ? [] : ['port']) : ['address'];
  const given = [...tcp, ...(unix === undefined ? [] : ['unix']), ...(systemd === undefined ? [] : ['systemd'])];
  const [first, second] = given;
  if (second !== undefined) context.problem(second, `is there beside ${first}; a listener has one place`);
}

/** Networks that headers of the PROXY protocol are taken from; `undefined` where there are to be none. */
export function resolveProxyProtocol(raw: PlaceSettings, context: ResolveContext): readonly string[] | undefined {
  const own = context.at('proxy_protocol');
  return raw.proxy_protocol?.from.map((network, i) => resolveNetwork(network, `from[${i}]`, own));
}

/** Whether only this machine reaches a place, as far as the configuration tells. */
export function isLocalPlace(place: ListenerPlace): boolean {
  return place.kind !== 'tcp' || isIP(place.address) === 0 || isLoopback(place.address);
}

export function isLoopback(address: string): boolean {
  return ipaddr.process(address).range() === 'loopback';
}
