import type { Account } from '../../../login/account.ts';
import type { DovecotConfig } from '../dovecot-config.ts';
import { expressMailLocation } from './dovecot-fields-mail.ts';
import { type Expressed, expressQuota } from './dovecot-fields-quota.ts';
import {
  type Dialect,
  type FieldForm,
  type FieldRule,
  type FieldTarget,
  isProxyField,
} from './dovecot-fields-rules.ts';

/** What Dovecot is told of an account, under its own names; or why it cannot be told. */
export type FieldsOutcome =
  | { readonly kind: 'fields'; readonly passdb: FieldValues; readonly userdb: FieldValues }
  /** `detail` names attributes and sizes, never values. */
  | { readonly kind: 'undeliverable'; readonly detail: string };

export type FieldValues = Readonly<Record<string, string>>;

/** What Dovecot puts before the fields of the userdb in the answer to a login, and around each field. */
const USERDB_PREFIX_BYTES = 'userdb_'.length;
const FIELD_OVERHEAD_BYTES = 2;

/**
 * Makes the fields of an account. A quota or a mail path that was left out would be a wrong one: where one attribute cannot
 * be understood, or all fields together are more than Dovecot's auth worker survives, there are none.
 */
export function makeFields(account: Account, config: DovecotConfig, dialect: Dialect): FieldsOutcome {
  const making = new FieldMaking(account, config);
  for (const [attribute, rule] of config.rules) {
    const problem = making.follow(attribute, rule, dialect);
    if (problem !== undefined) return { kind: 'undeliverable', detail: `attribute ${attribute} ${problem}` };
  }
  const problem = config.otherAttributes === 'userdb' ? making.addOthers() : undefined;
  if (problem !== undefined) return { kind: 'undeliverable', detail: problem };
  making.addProxyMaster();
  const bytes = making.bytes();
  if (bytes <= config.fieldsLimit) return making.outcome();
  return {
    kind: 'undeliverable',
    detail: `fields of ${bytes} bytes are more than the ${config.fieldsLimit} that Dovecot may be given`,
  };
}

class FieldMaking {
  readonly #account: Account;
  readonly #config: DovecotConfig;
  readonly #mayProxy: boolean;
  readonly #fields = { passdb: new Map<string, string>(), userdb: new Map<string, string>() };

  constructor(account: Account, config: DovecotConfig) {
    this.#account = account;
    this.#config = config;
    this.#mayProxy = !this.#valuesOf(config.masterAttribute).some((value) => flagOf(value) !== false);
    this.#fields.passdb.set('user', account.name);
  }

  /** Adds what one attribute leads to; gives what is wrong where it cannot be understood. */
  follow(attribute: string, rule: FieldRule, dialect: Dialect): string | undefined {
    const values = this.#valuesOf(attribute, rule.form);
    const [first] = values;
    if (first === undefined) return undefined;
    if (values.some(hasControlCharacter)) return 'holds a control character';
    switch (rule.form) {
      case 'quota':
        return this.#addExpressed(expressQuota(values, rule.unit, dialect));
      case 'mail_location':
        return this.#addExpressed(expressMailLocation(first, dialect));
      case 'text':
        return this.#addTargets(rule.targets[dialect], first);
      case 'list':
        return this.#addTargets(rule.targets[dialect], values.join(','));
      case 'flag': {
        const flag = flagOf(first) ?? first === '';
        if (flag === 'unclear') return 'is neither TRUE nor FALSE';
        return flag ? this.#addTargets(rule.targets[dialect], 'y') : undefined;
      }
    }
  }

  /** Attributes that no rule speaks of, as fields of the userdb by their own names. */
  addOthers(): string | undefined {
    for (const attribute of Object.keys(this.#account.attributes)) {
      const [first] = this.#valuesOf(attribute);
      if (first === undefined || this.#config.rules.has(attribute) || attribute === this.#config.masterAttribute)
        continue;
      if (attribute === 'user' || !FIELD_NAME.test(attribute)) continue;
      if (hasControlCharacter(first)) return `attribute ${attribute} holds a control character`;
      this.#add({ database: 'userdb', name: attribute, value: undefined }, first);
    }
    return undefined;
  }

  /** The other server knows nothing of the user's password where a master logged in, or where its own is another. */
  addProxyMaster(): void {
    const { passdb } = this.#fields;
    const { proxyMaster } = this.#config;
    if (proxyMaster === undefined || !PROXY_SWITCHES.some((name) => passdb.has(name))) return;
    this.#add({ database: 'passdb', name: 'master', value: undefined }, proxyMaster.user);
    this.#add({ database: 'passdb', name: 'pass', value: undefined }, proxyMaster.password.reveal().toString('utf8'));
  }

  /** As Dovecot passes them from one of its processes to another. */
  bytes(): number {
    const { passdb, userdb } = this.#fields;
    let bytes = userdb.size * USERDB_PREFIX_BYTES;
    for (const [name, value] of [...passdb, ...userdb])
      bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + FIELD_OVERHEAD_BYTES;
    return bytes;
  }

  outcome(): FieldsOutcome {
    const { passdb, userdb } = this.#fields;
    return { kind: 'fields', passdb: Object.fromEntries(passdb), userdb: Object.fromEntries(userdb) };
  }

  /** Values that say something; a flag may be there without any. */
  #valuesOf(attribute: string, form: FieldForm = 'text'): readonly string[] {
    const { attributes } = this.#account;
    if (!Object.hasOwn(attributes, attribute)) return [];
    const values = attributes[attribute] ?? [];
    return form === 'flag' ? values : values.filter((value) => value !== '');
  }

  #addExpressed(expressed: Expressed): string | undefined {
    if (expressed.kind === 'problem') return expressed.message;
    for (const [name, value] of expressed.fields) this.#add({ database: 'userdb', name, value: undefined }, value);
    return undefined;
  }

  #addTargets(targets: readonly FieldTarget[], value: string): undefined {
    for (const target of targets) this.#add(target, value);
  }

  #add(target: FieldTarget, value: string): void {
    if (!this.#mayProxy && isProxyField(target)) return;
    const fields = this.#fields[target.database];
    if (!fields.has(target.name)) fields.set(target.name, target.value ?? value);
  }
}

const FIELD_NAME = /^[A-Za-z0-9_/.+-]{1,128}$/u;
const PROXY_SWITCHES = ['proxy', 'proxy_maybe', 'proxy_always'];
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/u;

function hasControlCharacter(text: string): boolean {
  return CONTROL_CHARACTER.test(text);
}

const YES: ReadonlySet<string> = new Set(['true', 'yes', 'y', '1', 'on']);
const NO: ReadonlySet<string> = new Set(['false', 'no', 'n', '0', 'off']);

/** `undefined` for the empty text, which means one thing in a passwd-file and another in a directory. */
function flagOf(text: string): boolean | 'unclear' | undefined {
  const word = text.toLowerCase();
  if (word === '') return undefined;
  if (YES.has(word)) return true;
  return NO.has(word) ? false : 'unclear';
}
