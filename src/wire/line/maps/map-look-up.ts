import type { Decide } from '../../../decision/authenticate.ts';
import type { Account } from '../../../login/account.ts';
import type { Attempt } from '../../../login/attempt.ts';
import type { Decision } from '../../../login/verdict.ts';
import type { Events } from '../../../telemetry/events.ts';
import { newSessionId } from '../../http/session-id.ts';
import { bytesOfText, textOfBytes } from '../byte-text.ts';
import type { AccountMapConfig, DomainMapConfig } from './maps-config.ts';

/** `value` is one character for each byte. */
export type MapAnswer =
  | { readonly kind: 'found'; readonly value: string }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'temporary' };

/** A map that can be asked for keys. */
export interface MapLookUps {
  /**
   * @param key one character for each byte
   * @param caller name of the listener that was asked
   */
  look(key: string, caller: string): MapAnswer | Promise<MapAnswer>;
}

const NOT_FOUND: MapAnswer = { kind: 'not-found' };
const TEMPORARY: MapAnswer = { kind: 'temporary' };
const MAX_KEY_BYTES = 1024;
// A value with one of these would be another line, or several values.
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Finds accounts by their names and aliases in the chain of backends, by the same decision as look-ups of other doors. */
export class AccountMap implements MapLookUps {
  readonly #config: AccountMapConfig;
  readonly #decide: Decide;
  readonly #events: Events;

  constructor(config: AccountMapConfig, decide: Decide, events: Events) {
    this.#config = config;
    this.#decide = decide;
    this.#events = events;
  }

  look(key: string, caller: string): MapAnswer | Promise<MapAnswer> {
    if (key === '' || key.length > MAX_KEY_BYTES) return NOT_FOUND;
    const attempt = this.#attempt(textOfBytes(key), caller);
    const decision = this.#decide(attempt);
    if (decision instanceof Promise) return decision.then((later) => this.#settle(attempt, later));
    return this.#settle(attempt, decision);
  }

  #settle(attempt: Attempt, decision: Decision): MapAnswer {
    this.#events.decided(attempt, decision);
    const { verdict } = decision;
    switch (verdict.kind) {
      case 'accept':
        return this.#answerOf(verdict.account);
      case 'refuse':
        return NOT_FOUND;
      case 'defer':
        return TEMPORARY;
    }
  }

  #answerOf(account: Account): MapAnswer {
    const { hidesDisabled, gives, text, attributes, separator } = this.#config;
    if (hidesDisabled && account.isDisabled) return NOT_FOUND;
    if (gives === 'text') return { kind: 'found', value: bytesOfText(text) };
    const own = gives === 'account' ? [account.name] : [];
    const values = new Set([...own, ...attributes.flatMap((name) => valuesOf(account, name))]);
    return values.size === 0 ? NOT_FOUND : { kind: 'found', value: bytesOfText([...values].join(separator)) };
  }

  #attempt(loginName: string, caller: string): Attempt {
    return {
      session: newSessionId(),
      mode: 'look-up',
      caller,
      loginName,
      password: undefined,
      protocol: this.#config.protocol,
      mechanism: '',
      clientAddress: undefined,
      clientPort: undefined,
      localAddress: undefined,
      localPort: undefined,
      tls: undefined,
      externalSession: undefined,
      clientId: undefined,
      userAgent: undefined,
      loginAttempt: undefined,
    };
  }
}

function valuesOf({ attributes }: Account, name: string): readonly string[] {
  const values = Object.hasOwn(attributes, name) ? (attributes[name] ?? []) : [];
  return values.filter((value) => value !== '' && !CONTROL.test(value));
}

/** Domains that are known; `undefined` while that is not. */
export interface KnownDomains {
  has(domain: string): boolean | undefined;
}

/** Finds domains: those that are named, and those that backends have accounts of. */
export class DomainMap implements MapLookUps {
  readonly #named: ReadonlySet<string>;
  readonly #value: string;
  readonly #listed: KnownDomains | undefined;

  constructor({ domains, text }: DomainMapConfig, listed: KnownDomains | undefined) {
    this.#named = new Set(domains);
    this.#value = bytesOfText(text);
    this.#listed = listed;
  }

  look(key: string): MapAnswer {
    if (key === '' || key.length > MAX_KEY_BYTES) return NOT_FOUND;
    const domain = textOfBytes(key).toLowerCase();
    if (this.#named.has(domain)) return { kind: 'found', value: this.#value };
    const isListed = this.#listed === undefined ? false : this.#listed.has(domain);
    if (isListed === undefined) return TEMPORARY;
    return isListed ? { kind: 'found', value: this.#value } : NOT_FOUND;
  }
}
