/**
 * Who may ask. A caller is a mail server with a name, scopes and networks, and a proof of its own: a secret (HTTP Basic, RFC 7617),
 * a signed token (Bearer, RFC 6750) or the certificate of its connection. Secrets are kept as hashes; a header that was proven is
 * remembered under a keyed hash, so that only the first request of a caller pays for the proof.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer';
import { hash, randomBytes } from 'node:crypto';
import { BlockList, isIPv6, type Socket } from 'node:net';
import { LRUCache } from 'lru-cache';
import { Secret } from '../../login/secret.ts';
import { CallerThrottle } from './callers/caller-throttle.ts';
import type { CertificateCallers } from './callers/certificate-callers.ts';
import type { TokenCallers } from './callers/token-callers.ts';

export type Scope = 'authenticate' | 'lookup' | 'list' | 'policy' | 'admin';

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

/** By what a caller can prove itself. */
export type ProofKind = 'secret' | 'token' | 'certificate';

/** A caller that proved itself anew. */
export interface ProvenCaller {
  readonly caller: string;
  readonly proof: ProofKind;
  readonly address: string;
}

/** Proofs beside that of a secret; what is absent no caller has. */
export interface OtherProofs {
  /** False where no caller has a secret. */
  readonly hasSecrets?: boolean;
  readonly tokens?: Pick<TokenCallers, 'read'> | undefined;
  readonly certificates?: Pick<CertificateCallers, 'find'> | undefined;
  readonly onProven?: (proven: ProvenCaller) => void;
}

export type RejectionReason =
  | 'no-credentials'
  | 'wrong-credentials'
  | 'wrong-network'
  | 'wrong-token'
  | 'expired-token'
  | 'untrusted-certificate'
  | 'unknown-certificate';

export type CallerOutcome =
  | {
      readonly kind: 'caller';
      readonly caller: Caller;
      /** When it must be proven anew at the latest, in milliseconds since 1970. */
      readonly untilMs?: number;
    }
  | {
      readonly kind: 'rejected';
      readonly reason: RejectionReason;
      readonly name: string | undefined;
      /** What was wrong, for operators. */
      readonly detail?: string;
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

/** Who the sender of a header says to be, not proven yet. */
interface Claim {
  readonly proof: ProofKind;
  readonly name: string;
  /** The caller's name, `?` where no caller has it. */
  readonly bucket: string;
  readonly prove: () => Promise<CallerOutcome>;
}

/** The callers of a configuration. What is remembered of them goes with them. */
export class Callers {
  /** How a caller can prove itself in a header, as `WWW-Authenticate` has it (RFC 9110 11.6.1), in a flat list of names and values. */
  readonly challenges: readonly string[];
  /** The same for people. */
  readonly demand: string;
  readonly #known = new Map<string, KnownCaller>();
  readonly #prove: ProveSecret;
  readonly #others: OtherProofs;
  readonly #throttle: CallerThrottle;
  readonly #key = randomBytes(32).toString('latin1');
  readonly #proven = new LRUCache<string, CallerOutcome>({
    max: REMEMBERED,
    ttl: REMEMBERED_MS,
    ttlResolution: REMEMBERED_RESOLUTION_MS,
    updateAgeOnGet: true,
  });
  readonly #pending = new Map<string, Promise<CallerOutcome>>();
  /** Connections whose certificates were told of. */
  readonly #told = new LRUCache<string, true>({ max: REMEMBERED, ttl: REMEMBERED_MS, updateAgeOnGet: true });

  constructor(callers: readonly CallerEntry[], prove: ProveSecret, now: () => number, others: OtherProofs = {}) {
    for (const { name, scopes, networks } of callers)
      this.#known.set(name, { name, scopes, networks: blockList(networks) });
    this.#prove = prove;
    this.#others = others;
    this.#throttle = new CallerThrottle(now);
    this.challenges = challengesOf(others);
    this.demand = `the caller must ${demandsOf(others).join(', or ')}`;
  }

  /**
   * Finds out who sends an `Authorization` header from an address; without a header, whose certificate the connection has.
   * Identical headers in flight are proven once.
   */
  identify(
    authorization: string | undefined,
    address: string,
    socket?: Socket,
  ): CallerOutcome | Promise<CallerOutcome> {
    if (authorization === undefined) return this.#identifyConnection(address, socket);
    const key = hash('sha256', `${this.#key}${address} ${authorization}`, 'base64');
    const kept = this.#proven.get(key);
    if (kept !== undefined && !isOver(kept)) return kept;
    return this.#pending.get(key) ?? this.#identifyAnew(authorization, address, key);
  }

  #identifyConnection(address: string, socket: Socket | undefined): CallerOutcome {
    const found = this.#others.certificates?.find(socket);
    if (found === undefined || found.kind === 'none') return NO_CREDENTIALS;
    if (found.kind === 'mismatch')
      return { kind: 'rejected', reason: found.reason, name: found.subject, detail: found.detail };
    const caller = this.#known.get(found.name);
    if (caller === undefined || !isWithin(caller.networks, address))
      return { kind: 'rejected', reason: 'wrong-network', name: found.name };
    const place = `${caller.name} ${address}`;
    if (!this.#told.get(place)) {
      this.#told.set(place, true);
      this.#others.onProven?.({ caller: caller.name, proof: 'certificate', address });
    }
    return { kind: 'caller', caller };
  }

  #identifyAnew(authorization: string, address: string, key: string): CallerOutcome | Promise<CallerOutcome> {
    const claim = this.#secretClaim(authorization) ?? this.#tokenClaim(authorization);
    if (claim === undefined) return NO_CREDENTIALS;
    const { name, bucket, proof } = claim;
    if (this.#pending.size >= MAX_PENDING) return UNAVAILABLE;
    const wait = this.#throttle.take(address, bucket);
    if (wait > 0) return { kind: 'throttled', name, retryAfterSeconds: wait };
    const outcome = this.#conclude(claim, address)
      .then((found) => {
        if (!isGuess(found)) this.#throttle.giveBack(address, bucket);
        if (found.kind === 'caller') {
          this.#proven.set(key, found);
          this.#others.onProven?.({ caller: found.caller.name, proof, address });
        }
        return found;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, outcome);
    return outcome;
  }

  async #conclude({ name, prove }: Claim, address: string): Promise<CallerOutcome> {
    const outcome = await prove();
    if (outcome.kind !== 'caller' || isWithin(this.#known.get(name)?.networks, address)) return outcome;
    return { kind: 'rejected', reason: 'wrong-network', name };
  }

  #secretClaim(authorization: string): Claim | undefined {
    const credentials = this.#others.hasSecrets === false ? undefined : parseBasic(authorization);
    if (credentials === undefined) return undefined;
    const { name, secret } = credentials;
    const caller = this.#known.get(name);
    const prove = async (): Promise<CallerOutcome> => {
      const proof = await this.#prove(name, secret);
      if (typeof proof === 'object') return UNAVAILABLE;
      if (proof === 'match' && caller !== undefined) return { kind: 'caller', caller };
      return { kind: 'rejected', reason: 'wrong-credentials', name };
    };
    return { proof: 'secret', name, bucket: caller === undefined ? '?' : name, prove };
  }

  #tokenClaim(authorization: string): Claim | undefined {
    const token = BEARER.exec(authorization)?.[1];
    const claim = token === undefined ? undefined : this.#others.tokens?.read(token);
    if (claim === undefined) return undefined;
    const caller = this.#known.get(claim.caller ?? '');
    const name = caller?.name ?? UNKNOWN_TOKEN;
    const prove = async (): Promise<CallerOutcome> => {
      const proof = await claim.prove();
      if (proof.kind === 'unavailable') return UNAVAILABLE;
      if (proof.kind === 'mismatch') return { kind: 'rejected', reason: proof.reason, name, detail: proof.detail };
      if (caller === undefined) return { kind: 'rejected', reason: 'wrong-token', name };
      // Keys that are taken back count no longer than a proof is remembered, however often it is recalled.
      const untilMs = Math.min(proof.untilMs, Date.now() + REMEMBERED_MS);
      return { kind: 'caller', caller: narrowed(caller, proof.scopes), untilMs };
    };
    return { proof: 'token', name, bucket: caller === undefined ? '?' : name, prove };
  }
}

function challengesOf({ hasSecrets = true, tokens }: OtherProofs): readonly string[] {
  const schemes: string[] = [];
  // Who refuses must name one (RFC 9110 15.5.2), and there is none for certificates.
  if (hasSecrets || tokens === undefined) schemes.push('WWW-Authenticate', 'Basic realm="nauthilus", charset="UTF-8"');
  if (tokens !== undefined) schemes.push('WWW-Authenticate', 'Bearer realm="nauthilus"');
  return schemes;
}

function demandsOf({ hasSecrets = true, tokens, certificates }: OtherProofs): readonly string[] {
  return [
    ...(hasSecrets ? ['authenticate with HTTP Basic'] : []),
    ...(tokens === undefined ? [] : ['send a token as Bearer']),
    ...(certificates === undefined ? [] : ['show a certificate']),
  ];
}

/** What was remembered holds no longer. */
function isOver(known: CallerOutcome): boolean {
  return 'untilMs' in known && known.untilMs !== undefined && known.untilMs <= Date.now();
}

/** Who has a token that was right is no guesser. */
function isGuess(outcome: CallerOutcome): boolean {
  return outcome.kind === 'rejected' && outcome.reason !== 'expired-token';
}

/** Scopes as tokens name them: like ours, or as those of the original do. */
const TOKEN_SCOPES: Readonly<Record<Scope, readonly string[]>> = {
  authenticate: ['authenticate', 'nauthilus:authenticate'],
  lookup: ['lookup', 'nauthilus:lookup', 'nauthilus:lookup_identity'],
  list: ['list', 'nauthilus:list', 'nauthilus:list_accounts'],
  policy: ['policy', 'nauthilus:policy'],
  admin: ['admin', 'nauthilus:admin', 'nauthilus:security'],
};

/** The caller with those of its scopes that its token names too, where the token names any. */
function narrowed({ name, scopes }: Caller, named: ReadonlySet<string> | undefined): Caller {
  if (named === undefined) return { name, scopes };
  return { name, scopes: new Set([...scopes].filter((scope) => TOKEN_SCOPES[scope].some((one) => named.has(one)))) };
}

const BEARER = /^bearer +([a-z0-9._~+/-]+=*) *$/i;
/** What log lines have for the caller of a token that is no caller's. */
const UNKNOWN_TOKEN = 'token';
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
