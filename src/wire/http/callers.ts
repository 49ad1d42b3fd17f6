/**
 * Who may ask. A caller is a mail server with a name and a secret of its own (HTTP Basic, RFC 7617), scopes and networks.
 * Secrets are kept as hashes; a header that was proven is remembered under a keyed hash, so that only the first request of a
 * caller pays for the proof.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer';
import { hash, randomBytes } from 'node:crypto';
import { BlockList, isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';
import { Secret } from '../../login/secret.ts';
import { CallerThrottle } from './caller-throttle.ts';

export type Scope = 'authenticate' | 'lookup' | 'list' | 'admin';

/** A mail server that may ask. */
export interface Caller {
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** How a caller's secret is proven: against the stored hash, or, where no caller has the name, at the same cost in vain. */
export type ProveSecret = (name: string, secret: Secret) => Proof | Promise<Proof>;
export type Proof = 'match' | 'mismatch' | { readonly kind: 'unavailable' };

export interface CallerEntry extends Caller {
  /** Networks in CIDR form the caller may come from; empty for anywhere. */
  readonly networks: readonly string[];
}

export type CallerOutcome =
  | { readonly kind: 'caller'; readonly caller: Caller }
  | {
      readonly kind: 'rejected';
      readonly reason: 'no-credentials' | 'wrong-credentials' | 'wrong-network';
      readonly name: string | undefined;
    }
  | { readonly kind: 'throttled'; readonly name: string; readonly retryAfterSeconds: number }
  | { readonly kind: 'unavailable' };

const REMEMBERED = 1024;
const REMEMBERED_MS = 10 * 60_000;
/** How often the clock is looked at for that. */
const REMEMBERED_RESOLUTION_MS = 1000;
const MAX_PENDING = 256;
const NO_CREDENTIALS: CallerOutcome = { kind: 'rejected', reason: 'no-credentials', name: undefined };
const UNAVAILABLE: CallerOutcome = { kind: 'unavailable' };

interface KnownCaller extends Caller {
  readonly networks: BlockList | undefined;
}

export class Callers {
  readonly #known = new Map<string, KnownCaller>();
  readonly #prove: ProveSecret;
  readonly #throttle: CallerThrottle;
  readonly #key = randomBytes(32).toString('latin1');
  readonly #proven = new LRUCache<string, CallerOutcome>({
    max: REMEMBERED,
    ttl: REMEMBERED_MS,
    ttlResolution: REMEMBERED_RESOLUTION_MS,
    updateAgeOnGet: true,
  });
  readonly #pending = new Map<string, Promise<CallerOutcome>>();

  constructor(callers: readonly CallerEntry[], prove: ProveSecret, now: () => number) {
    for (const { name, scopes, networks } of callers)
      this.#known.set(name, { name, scopes, networks: blockList(networks) });
    this.#prove = prove;
    this.#throttle = new CallerThrottle(now);
  }

  /** Finds out who sends an `Authorization` header from an address. Identical headers in flight are proven once. */
  identify(authorization: string | undefined, address: string): CallerOutcome | Promise<CallerOutcome> {
    if (authorization === undefined) return NO_CREDENTIALS;
    const key = hash('sha256', `${this.#key}${address} ${authorization}`, 'base64');
    const known = this.#proven.get(key) ?? this.#pending.get(key);
    return known ?? this.#identifyAnew(authorization, address, key);
  }

  #identifyAnew(authorization: string, address: string, key: string): CallerOutcome | Promise<CallerOutcome> {
    const credentials = parseBasic(authorization);
    if (credentials === undefined) return NO_CREDENTIALS;
    const { name, secret } = credentials;
    const bucket = this.#known.has(name) ? name : '?';
    if (this.#pending.size >= MAX_PENDING) return UNAVAILABLE;
    const wait = this.#throttle.take(address, bucket);
    if (wait > 0) return { kind: 'throttled', name, retryAfterSeconds: wait };
    const outcome = this.#conclude(name, secret, address)
      .then((found) => {
        if (found.kind !== 'rejected') this.#throttle.giveBack(address, bucket);
        if (found.kind === 'caller') this.#proven.set(key, found);
        return found;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, outcome);
    return outcome;
  }

  async #conclude(name: string, secret: Secret, address: string): Promise<CallerOutcome> {
    const proof = await this.#prove(name, secret);
    const caller = this.#known.get(name);
    if (typeof proof === 'object') return UNAVAILABLE;
    if (proof !== 'match' || caller === undefined) return { kind: 'rejected', reason: 'wrong-credentials', name };
    if (!isWithin(caller.networks, address)) return { kind: 'rejected', reason: 'wrong-network', name };
    return { kind: 'caller', caller };
  }
}

const BASIC = /^basic +([a-z0-9+/]+=*) *$/i;

function parseBasic(authorization: string): { name: string; secret: Secret } | undefined {
  const encoded = BASIC.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const colon = bytes.indexOf(':');
  if (colon < 1) return undefined;
  const secret = bytes.subarray(colon + 1);
  return {
    name: bytes.toString('utf8', 0, colon),
    secret: isUtf8(secret) ? Secret.fromText(secret.toString('utf8')) : Secret.fromLatin1(secret.toString('latin1')),
  };
}

/** Networks as what addresses can be looked up in; `undefined` where there are none, for anywhere. */
export function blockList(networks: readonly string[]): BlockList | undefined {
  if (networks.length === 0) return undefined;
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** Whether an address is in one of the networks. */
export function isWithin(networks: BlockList | undefined, address: string): boolean {
  return networks === undefined || networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
