/**
 * Which attributes of an account become which fields of Dovecot: the words for it, and the table that holds where the
 * configuration says nothing else.
 *
 * @module
 */

/** Versions of Dovecot whose fields an answer can have, as the query parameter `fields` names them. */
export const DIALECTS = ['dovecot23', 'dovecot24'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** How the values of an attribute are read. */
export const FORMS = ['text', 'list', 'flag', 'quota', 'mail_location'] as const;
export type FieldForm = (typeof FORMS)[number];

/** Units of a quota that has none of its own, in bytes. */
export const QUOTA_UNITS = { B: 1n, KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n } as const;
export type QuotaUnit = keyof typeof QUOTA_UNITS;

/** One field that an attribute leads to. */
export interface FieldTarget {
  readonly database: 'passdb' | 'userdb';
  readonly name: string;
  /** A value that is always the same; `undefined` for the attribute's own. */
  readonly value: string | undefined;
}

/** What becomes of one attribute. */
export interface FieldRule {
  readonly form: FieldForm;
  /** Of quotas without one. */
  readonly unit: QuotaUnit;
  /** Fields by version; quotas and mail locations bring their own. */
  readonly targets: Readonly<Record<Dialect, readonly FieldTarget[]>>;
}

/** A rule as settings have it. */
export interface WrittenRule {
  readonly form: FieldForm;
  readonly unit: QuotaUnit;
  readonly fields: readonly string[];
  readonly dovecot23?: readonly string[];
  readonly dovecot24?: readonly string[];
}

const same = (form: FieldForm, database: 'passdb' | 'userdb', ...names: readonly string[]) =>
  names.map((name): [string, WrittenRule] => [name, { form, unit: 'B', fields: [`${database}.${name}`] }]);
const only = (dialect: Dialect, ...names: readonly string[]) =>
  names.map((name): [string, WrittenRule] => [
    name,
    { form: 'text', unit: 'B', fields: [], [dialect]: [`userdb.${name}`] },
  ]);
const formed = (form: 'quota' | 'mail_location', ...names: readonly string[]) =>
  names.map((name): [string, WrittenRule] => [name, { form, unit: 'B', fields: [] }]);
const overQuota = (...names: readonly string[]) =>
  names.map((name): [string, WrittenRule] => [
    name,
    {
      form: 'text',
      unit: 'B',
      fields: [],
      dovecot23: ['userdb.quota_over_flag'],
      dovecot24: ['userdb.quota_over_status_current'],
    },
  ]);

/**
 * What holds without settings: the fields of Dovecot's passwd-file by their own names, and the names that directories with
 * older schemas have. Where two attributes lead to one field, the one that stands first counts.
 */
export const DEFAULT_RULES: readonly (readonly [attribute: string, rule: WrittenRule])[] = [
  ...same('text', 'userdb', 'home', 'uid', 'gid'),
  ...formed('mail_location', 'mail', 'rnsMSMailPath'),
  ...only('dovecot24', 'mail_driver', 'mail_path'),
  ...formed('quota', 'quota_rule', 'quota_storage_size', 'rnsMSQuota'),
  ...only('dovecot23', 'quota_rule2', 'quota_rule3', 'quota_rule4'),
  ...overQuota('quota_over_flag', 'quota_over_status_current', 'rnsMSOverQuota'),
  ...same('list', 'userdb', 'acl_groups'),
  ['ACL-Groups', { form: 'list', unit: 'B', fields: ['userdb.acl_groups'] }],
  ...same('list', 'passdb', 'allow_nets', 'allow_real_nets'),
  ...same('flag', 'passdb', 'nodelay', 'proxy', 'proxy_maybe', 'proxy_always'),
  ...same('text', 'passdb', 'delay_until', 'host', 'hostip', 'source_ip', 'port', 'ssl', 'starttls', 'destuser'),
  ...same('text', 'passdb', 'proxy_timeout', 'proxy_mech', 'master', 'pass'),
  ...same('flag', 'passdb', 'proxy_nopipelining', 'proxy_not_trusted', 'proxy_noauth', 'proxy_redirect_reauth'),
  ['Proxy-Host', { form: 'text', unit: 'B', fields: ['passdb.host', 'passdb.proxy_maybe=y'] }],
];

const PROXY_FIELD = /^(proxy(_.*)?|host|hostip|source_ip|port|ssl|starttls|destuser|master|pass|noauthenticate)$/;

/** True for fields of the passdb that send a login on to another server. */
export function isProxyField({ database, name }: FieldTarget): boolean {
  return database === 'passdb' && PROXY_FIELD.test(name);
}

const TARGET = /^(passdb|userdb)\.([^=]+)(?:=(.*))?$/su;

/** Reads `userdb.home` or `passdb.proxy=y`; the schema of the settings has checked its form. */
export function parseTarget(text: string): FieldTarget {
  const [, database = '', name = '', value] = TARGET.exec(text) ?? [];
  return { database: database === 'passdb' ? 'passdb' : 'userdb', name, value };
}

/** Turns a rule as it is written into one that can be followed. */
export function ruleOf({ form, unit, fields, dovecot23, dovecot24 }: WrittenRule): FieldRule {
  const targets = {
    dovecot23: (dovecot23 ?? fields).map(parseTarget),
    dovecot24: (dovecot24 ?? fields).map(parseTarget),
  };
  return { form, unit, targets };
}
