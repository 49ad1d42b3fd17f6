import type { Account } from '../../../login/account.ts';
import type { Decision, RefusalReason } from '../../../login/verdict.ts';
import { REFUSAL_TEXTS } from '../answer.ts';
import type { DovecotConfig } from '../dovecot-config.ts';
import { type FieldsOutcome, makeFields } from './dovecot-fields.ts';
import type { Dialect } from './dovecot-fields-rules.ts';

/** What Dovecot tells apart where a login is refused. `reason` is for the mail user. */
interface Refused {
  readonly result: 'mismatch' | 'unknown' | 'disabled' | 'expired';
  readonly reason?: string;
}

const REFUSED = {
  'wrong-password': { result: 'mismatch' },
  'unknown-user': { result: 'unknown' },
  'account-disabled': { result: 'disabled', reason: REFUSAL_TEXTS['account-disabled'] },
  'account-locked': { result: 'mismatch' },
  'password-expired': { result: 'expired', reason: REFUSAL_TEXTS['password-expired'] },
  'password-must-change': { result: 'expired', reason: REFUSAL_TEXTS['password-must-change'] },
  'invalid-name': { result: 'unknown' },
  'empty-password': { result: 'mismatch' },
  'unusable-password': { result: 'mismatch' },
  blocked: { result: 'mismatch' },
  'tls-required': { result: 'mismatch', reason: REFUSAL_TEXTS['tls-required'] },
  'foreign-domain': { result: 'unknown' },
} as const satisfies Record<RefusalReason, Refused>;

/**
 * The `dovecot` part of answers for one version of Dovecot, as JSON. What is made of an account is kept with it, since
 * accounts never change.
 */
export class DovecotAnswer {
  readonly #made = new WeakMap<Account, FieldsOutcome>();
  readonly #config: DovecotConfig;
  readonly #dialect: Dialect;

  constructor(config: DovecotConfig, dialect: Dialect) {
    this.#config = config;
    this.#dialect = dialect;
  }

  /** The decision as Dovecot can be told of it: an account whose fields cannot be delivered is deferred. */
  settle(decision: Decision): Decision {
    const { verdict } = decision;
    if (verdict.kind !== 'accept') return decision;
    const outcome = this.#fieldsOf(verdict.account);
    if (outcome.kind === 'fields') return decision;
    const { backend } = verdict.account;
    return { ...decision, verdict: { kind: 'defer', cause: 'undeliverable-fields', detail: outcome.detail, backend } };
  }

  /** @throws {TypeError} for an account that {@link settle} would have deferred */
  accepted(account: Account): string {
    const outcome = this.#fieldsOf(account);
    if (outcome.kind !== 'fields') throw new TypeError(`accepted an account that cannot be: ${outcome.detail}`);
    return JSON.stringify({ passdb: outcome.passdb, userdb: outcome.userdb });
  }

  refused(reason: RefusalReason): string {
    return JSON.stringify(REFUSED[reason]);
  }

  deferred(): string {
    return '{"result":"tempfail"}';
  }

  #fieldsOf(account: Account): FieldsOutcome {
    const known = this.#made.get(account);
    if (known !== undefined) return known;
    const made = makeFields(account, this.#config, this.#dialect);
    this.#made.set(account, made);
    return made;
  }
}
