/**
 * Callers that prove themselves by signed tokens (JWT, RFC 7519): what a token says of itself names the caller it may be, whose
 * keys, algorithms and claims it is then held against. What decides is never taken from the token.
 *
 * @module
 */
import type * as Jose from 'jose';
import type { TokenConfig } from './caller-proof-config.ts';
import type { KeySource } from './key-source.ts';

export type KeySet = ReturnType<typeof Jose.createLocalJWKSet>;

/** A caller with what its tokens must be like. */
export interface TokenCaller {
  readonly name: string;
  readonly token: TokenConfig;
  readonly keys: KeySource<KeySet>;
}

export type TokenProof =
  | {
      readonly kind: 'match';
      /** What the token's `scope` claim names; `undefined` where it has none. */
      readonly scopes: ReadonlySet<string> | undefined;
      /** When the token ends, its leeway included, in milliseconds since 1970. */
      readonly untilMs: number;
    }
  | { readonly kind: 'mismatch'; readonly reason: 'wrong-token' | 'expired-token'; readonly detail: string }
  | { readonly kind: 'unavailable' };

/** What a token says of itself, not proven yet. */
export interface TokenClaim {
  /** The caller it may be; `undefined` where it is none's. */
  readonly caller: string | undefined;
  prove(): Promise<TokenProof>;
}

export interface TokenCallersParts {
  readonly callers: readonly TokenCaller[];
  readonly jose: typeof Jose;
  readonly now: () => Date;
}

/** Longest token, in characters; the whole header section of a request may not be longer by much. */
const MAX_LENGTH = 8192;
/** Callers of one issuer that a token may be meant for. */
type Claims = Pick<Jose.JWTPayload, 'iss' | 'aud' | 'sub'>;

export class TokenCallers {
  readonly #parts: TokenCallersParts;

  constructor(parts: TokenCallersParts) {
    this.#parts = parts;
  }

  /** Reads a token as far as it tells whose it is. */
  read(token: string): TokenClaim {
    const claims = this.#claimsOf(token);
    const caller = claims === undefined ? undefined : this.#parts.callers.find((own) => isMeant(own.token, claims));
    if (caller !== undefined) return { caller: caller.name, prove: () => this.#prove(token, caller) };
    const detail = claims === undefined ? 'it cannot be read' : 'no caller has its issuer, audience and subject';
    return { caller: undefined, prove: () => Promise.resolve({ kind: 'mismatch', reason: 'wrong-token', detail }) };
  }

  #claimsOf(token: string): Claims | undefined {
    if (token.length > MAX_LENGTH) return undefined;
    try {
      return this.#parts.jose.decodeJwt(token);
    } catch {
      return undefined;
    }
  }

  async #prove(token: string, caller: TokenCaller): Promise<TokenProof> {
    const current = await caller.keys.current();
    if (current.kind === 'unavailable') return current;
    const first = await this.#proveBy(current.keys, token, caller);
    if (first !== 'unknown-key') return first;
    const newer = await caller.keys.newerThan(current.keys);
    if (newer.kind === 'unavailable') return newer;
    const second = newer.keys === current.keys ? first : await this.#proveBy(newer.keys, token, caller);
    return second === 'unknown-key' ? wrong('its issuer has no such key') : second;
  }

  async #proveBy(keys: KeySet, token: string, { token: config }: TokenCaller): Promise<TokenProof | 'unknown-key'> {
    const { jose, now } = this.#parts;
    const { issuer, audience, subject, leewayMs } = config;
    try {
      const { payload } = await jose.jwtVerify(token, keys, {
        issuer,
        audience,
        subject,
        algorithms: [...config.algorithms],
        clockTolerance: leewayMs / 1000,
        currentDate: now(),
        requiredClaims: ['exp'],
      });
      return { kind: 'match', scopes: scopesOf(payload), untilMs: (payload.exp ?? 0) * 1000 + leewayMs };
    } catch (cause) {
      if (!(cause instanceof jose.errors.JOSEError)) throw cause;
      if (cause instanceof jose.errors.JWKSNoMatchingKey) return 'unknown-key';
      if (isOutOfTime(cause, jose)) return { kind: 'mismatch', reason: 'expired-token', detail: cause.message };
      return wrong(cause.message);
    }
  }
}

function wrong(detail: string): TokenProof {
  return { kind: 'mismatch', reason: 'wrong-token', detail };
}

function isMeant({ issuer, audience, subject }: TokenConfig, { iss, aud, sub }: Claims): boolean {
  return iss === issuer && sub === subject && (Array.isArray(aud) ? aud.includes(audience) : aud === audience);
}

/** Claims are looked at once the signature was found right. */
function isOutOfTime(cause: Jose.errors.JOSEError, { errors }: typeof Jose): boolean {
  if (cause instanceof errors.JWTExpired) return true;
  return cause instanceof errors.JWTClaimValidationFailed && cause.claim === 'nbf' && cause.reason === 'check_failed';
}

/** A claim of another form than RFC 8693 4.2 has names none. */
function scopesOf({ scope }: Jose.JWTPayload): ReadonlySet<string> | undefined {
  if (scope === undefined) return undefined;
  return new Set(typeof scope === 'string' ? scope.split(' ') : []);
}
