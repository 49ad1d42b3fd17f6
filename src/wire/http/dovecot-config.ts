import Type from 'typebox';
import { ByteSize, Choice, type ResolveContext, SecretText, Section } from '../../config/fields.ts';
import type { Secret } from '../../login/secret.ts';
import {
  DEFAULT_RULES,
  type FieldRule,
  FORMS,
  parseTarget,
  ruleOf,
  type WrittenRule,
} from './json/dovecot-fields-rules.ts';

const ATTRIBUTE_NAME = '^[^\\s=]{1,128}$';
const FIELD = '^(passdb|userdb)\\.[A-Za-z0-9_/.+-]{1,128}(=[^\\u0000-\\u001f\\u007f]*)?$';

const Fields = (about: {
  readonly description: string;
  readonly default?: readonly string[];
  readonly examples: readonly unknown[];
}) =>
  Type.Array(
    Type.String({
      'x-form': 'dovecot-field',
      pattern: FIELD,
      description:
        '`passdb.NAME` or `userdb.NAME` for a field with the value of the attribute, `passdb.NAME=TEXT` for one with a text.',
      examples: ['userdb.home', 'passdb.proxy=y'],
    }),
    { ...about, uniqueItems: true },
  );

const RuleSchema = Section(
  {
    form: Choice([...FORMS], {
      description:
        '`text`: the first value as it is. `list`: all values, joined with commas. `flag`: the field is `y`, or left out for FALSE, no, n, 0 and off. `quota`: a size, or a rule of Dovecot 2.3, as the quota of either version. `mail_location`: such as `maildir:~/Maildir`, as `mail` or as `mail_driver`, `mail_path` and what belongs to them.',
      default: 'text',
      examples: ['quota'],
    }),
    unit: Choice(['B', 'KiB', 'MiB', 'GiB'], {
      description: 'Unit of a quota that is a mere number.',
      default: 'B',
      examples: ['MiB'],
    }),
    fields: Fields({
      description:
        'Fields that the attribute becomes in both versions; `[]` for none. Quotas and mail locations need none here.',
      default: [],
      examples: [['userdb.home'], ['passdb.host', 'passdb.proxy=y', 'passdb.proxy_timeout=30']],
    }),
    dovecot23: Type.Optional(
      Fields({ description: 'Fields in Dovecot 2.3, where they are others.', examples: [['userdb.quota_over_flag']] }),
    ),
    dovecot24: Type.Optional(
      Fields({
        description: 'Fields in Dovecot 2.4, where they are others.',
        examples: [['userdb.quota_over_status_current']],
      }),
    ),
  },
  { description: 'What becomes of one attribute.' },
);

export const DovecotSchema = Section(
  {
    fields_limit: ByteSize({
      description:
        'Bytes that all fields of an account may take. What is larger is answered as a temporary failure, and the log names the account: above 8 KiB the authentication worker of Dovecot would fail, for everybody.',
      default: '7KiB',
      examples: ['6KiB'],
    }),
    attributes: Type.Record(Type.String({ pattern: ATTRIBUTE_NAME }), RuleSchema, {
      description:
        'Attributes of accounts and the fields they become. They add to those that are known (fields of passwd-file by their own names, and more: see the guide to Dovecot) or replace them, and go before them where two lead to one field.',
      default: {},
    }),
    other_attributes: Choice(['nothing', 'userdb'], {
      description:
        'What becomes of attributes that are not named: nothing, or fields of the userdb by their own names.',
      default: 'nothing',
      examples: ['userdb'],
    }),
    master_attribute: Type.String({
      pattern: ATTRIBUTE_NAME,
      description:
        'Attribute that marks accounts of masters by not being empty or FALSE. Their logins are never sent on to another server.',
      default: 'rnsMSDovecotMaster',
      examples: ['isMaster'],
    }),
    proxy_master: Type.Optional(
      Section(
        {
          user: Type.String({
            minLength: 1,
            maxLength: 255,
            description: 'Name of a master user of the servers that logins are sent on to.',
            examples: ['proxy'],
          }),
          password: SecretText({
            description: 'Its password. Callers that ask for fields get it with each account whose logins are sent on.',
            examples: [{ file: 'proxy-master.secret' }],
          }),
        },
        {
          description:
            'A master user by whom logins are sent on to other servers, where these cannot check the password of the mail user.',
        },
      ),
    ),
  },
  {
    description: 'Fields for Dovecot, delivered where it asks for them (`fields=dovecot23`, `fields=dovecot24`).',
    default: {},
  },
);

export interface DovecotConfig {
  /** Bytes. */
  readonly fieldsLimit: number;
  /** By attribute; where two lead to one field, the first counts. */
  readonly rules: ReadonlyMap<string, FieldRule>;
  readonly otherAttributes: 'nothing' | 'userdb';
  readonly masterAttribute: string;
  readonly proxyMaster: { readonly user: string; readonly password: Secret } | undefined;
}

export function resolveDovecot(raw: Type.Static<typeof DovecotSchema>, context: ResolveContext): DovecotConfig {
  const own = Object.entries(raw.attributes).map(([attribute, rule]): [string, FieldRule] => {
    checkRule(rule, `attributes.${attribute}`, context);
    return [attribute, ruleOf(rule)];
  });
  const rules = new Map(own);
  for (const [attribute, rule] of DEFAULT_RULES) if (!rules.has(attribute)) rules.set(attribute, ruleOf(rule));
  const master = raw.proxy_master;
  return {
    fieldsLimit: context.byteSize(raw.fields_limit),
    rules,
    otherAttributes: raw.other_attributes,
    masterAttribute: raw.master_attribute,
    proxyMaster: master && {
      user: master.user,
      password: context.readSecret(master.password, 'proxy_master.password'),
    },
  };
}

/** Names that would let a login in with any password, or put a name in the place of the account's own. */
const NEVER: ReadonlySet<string> = new Set(['passdb.nopassword', 'passdb.password', 'passdb.user', 'userdb.user']);

function checkRule(rule: WrittenRule, key: string, context: ResolveContext): void {
  const lists = { fields: rule.fields, dovecot23: rule.dovecot23 ?? [], dovecot24: rule.dovecot24 ?? [] };
  const bringsItsOwn = rule.form === 'quota' || rule.form === 'mail_location';
  for (const [name, fields] of Object.entries(lists)) {
    if (bringsItsOwn && fields.length > 0)
      context.problem(`${key}.${name}`, `must be left out: the form ${rule.form} brings its own fields`);
    for (const [i, field] of fields.entries()) {
      const { database, name: own } = parseTarget(field);
      if (NEVER.has(`${database}.${own}`))
        context.problem(
          `${key}.${name}[${i}]`,
          `${database}.${own} is never delivered: it could let somebody in as another`,
        );
    }
  }
}
