import type { BlockList, Socket } from 'node:net';
import { parseClientAddress } from '../../login/client-address.ts';
import type { ProxiedConnection } from '../sockets/proxy-header.ts';
import { blockList, isWithin } from './callers.ts';
import { type ForwardedHeaders, originOf } from './forwarded.ts';

/** What stands for the address of who is at the other end of a unix socket: a program of this machine. */
const OVER_UNIX_SOCKET = '127.0.0.1';

/** Who is at the other end of a connection. */
export class Peer {
  /** In canonical form: of the connection, or what its header of the PROXY protocol says. */
  readonly address: string;
  /** Whether it is an HTTP proxy that is believed. */
  isTrusted: boolean;

  constructor(address: string, isTrusted: boolean) {
    this.address = address;
    this.isTrusted = isTrusted;
  }
}

/** Who is at the other end of each connection of a listener. */
export class Peers {
  /** Whether connections are over a unix socket. */
  isLocal = false;
  readonly #peers = new Map<Socket, Peer>();
  #trusted: BlockList | undefined;

  /** @param trusted networks of the HTTP proxies that are believed, in CIDR form */
  constructor(trusted: readonly string[]) {
    this.#trusted = blockList(trusted);
  }

  /** Believes others from the next request on. */
  trust(trusted: readonly string[]): void {
    this.#trusted = blockList(trusted);
    for (const peer of this.#peers.values()) peer.isTrusted = this.isTrusted(peer.address);
  }

  /** Takes down what the header of a connection said of it. */
  introduce(socket: Socket, { source }: ProxiedConnection): void {
    this.#add(socket, source.address);
  }

  /** The peer of a connection, given by its TCP or its TLS socket. */
  of(socket: Socket): Peer {
    const below = socketBelow(socket);
    return this.#peers.get(below) ?? this.#add(below, this.addressOf(below));
  }

  /** The other end of the connection itself, in canonical form; empty where it is gone. */
  addressOf({ remoteAddress = '' }: Socket): string {
    return this.isLocal ? OVER_UNIX_SOCKET : (parseClientAddress(remoteAddress) ?? remoteAddress);
  }

  isTrusted(address: string): boolean {
    return this.#trusted !== undefined && parseClientAddress(address) !== undefined && isWithin(this.#trusted, address);
  }

  /** Who asks: the peer itself, or whom a trusted one asks for; `undefined` where it tells of two. */
  originOf({ address, isTrusted }: Peer, headers: ForwardedHeaders): string | undefined {
    if (!isTrusted) return address;
    return originOf(address, headers, (one) => this.isTrusted(one));
  }

  #add(socket: Socket, address: string): Peer {
    const peer = new Peer(address, this.isTrusted(address));
    if (socket.destroyed) return peer;
    this.#peers.set(socket, peer);
    socket.once('close', () => this.#peers.delete(socket));
    return peer;
  }
}

/** The TCP connection that a TLS one is on; itself where there is none below it. Node gives it no public name. */
export function socketBelow(socket: Socket): Socket {
  const { _parent: below } = socket as Socket & { readonly _parent?: Socket | null };
  return below ?? socket;
}
