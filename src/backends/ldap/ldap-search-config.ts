import Type from 'typebox';
import { Choice, type ResolveContext, Section } from '../../config/fields.ts';
import { type DeliveredAttribute, isNeverDelivered } from './attribute-map.ts';
import { NameFilter } from './names/name-filter.ts';
import { LOGIN_FIELDS, type NameField, type NameTemplate, parseNameTemplate } from './names/name-template.ts';

const SCOPES = ['base', 'one', 'sub'] as const;
export type SearchScope = (typeof SCOPES)[number];

export function Attribute(description: string, examples: readonly string[]) {
  return Type.String({ pattern: '^[^\\s:=*+]{1,128}$', description, examples });
}

export function Template(description: string, examples: readonly string[]) {
  return Type.String({ minLength: 1, maxLength: 8192, description, examples });
}

const Value = Type.String({ maxLength: 8192, description: 'A value.' });

export const AttributesSchema = Type.Array(
  Type.Union(
    [
      Attribute('Name of an attribute that is delivered as it is called in LDAP.', ['mail']),
      Section(
        {
          from: Attribute('Name of the attribute in LDAP.', ['nauthilusProxyHost']),
          as: Type.Optional(Attribute('Name under which it is delivered; without it, that of LDAP.', ['Proxy-Host'])),
          absent: Type.Optional(
            Type.Array(Value, {
              description:
                'Values that are delivered where an entry has none: `[]` and `[""]` keep the name in every answer. Without this setting the name is left out.',
              examples: [[''], []],
            }),
          ),
          replace: Type.Record(Type.String({ pattern: '^[^]*$' }), Value, {
            description: 'Values that are delivered as others; keys are values of LDAP in their exact letters.',
            default: {},
            examples: [{ FALSE: '' }],
          }),
        },
        { description: 'An attribute under another name, or with values for entries that have none.' },
      ),
    ],
    { description: 'An attribute that is delivered.' },
  ),
  {
    description:
      'Attributes that are delivered with an account. Binary values come as base64 under `name;binary`. Passwords, hashes and keys cannot be delivered.',
    default: [],
    examples: [['mail', { from: 'nauthilusQuota', as: 'rnsMSQuota' }]],
  },
);

/** What a protocol's section may set too. */
export const SEARCH_SETTINGS = {
  base_dn: Template('DN below which accounts are searched; placeholders may stand in it.', [
    'ou=people,dc=example,dc=test',
    'ou=people,o=%{domain},dc=example,dc=test',
  ]),
  scope: Choice([...SCOPES], {
    description: 'Where accounts are: `base` the base DN itself, `one` right below it, `sub` anywhere from it on.',
    default: 'sub',
    examples: ['one'],
  }),
  account_attribute: Attribute(
    'Attribute with the name of the account, under which answers, log and list have it. Each account has one value of it.',
    ['nauthilusAccount', 'mail', 'uid'],
  ),
  attributes: AttributesSchema,
};

export const USER_FILTER = Template(
  'Filter that finds the one account of a login name (RFC 4515). Placeholders: `%{user}`, `%{username}`, `%{domain}`, `%{protocol}`, `%{client_ip}`, `%{local_ip}`, with `|lower` or `|upper` after the name; `%u`, `%n`, `%d` as in Dovecot; `%%` is a percent sign.',
  ['(&(objectClass=nauthilusMailbox)(|(nauthilusAccount=%{user})(nauthilusMailAlias=%{user})))'],
);

export const ProtocolSchema = Section(
  {
    base_dn: Type.Optional(SEARCH_SETTINGS.base_dn),
    // Without the default: what is not set here is as for all protocols.
    scope: Type.Optional(Choice([...SCOPES], { description: 'How deep the search looks.', examples: ['one'] })),
    filter: Type.Optional(USER_FILTER),
    account_attribute: Type.Optional(SEARCH_SETTINGS.account_attribute),
    attributes: Type.Optional(withoutDefault(AttributesSchema)),
  },
  { description: 'What differs for this protocol; what is not named here is as for all.' },
);

function withoutDefault<Schema extends Type.TSchema>(schema: Schema): Schema {
  const { default: _, ...rest } = schema as Schema & { readonly default?: unknown };
  return rest as unknown as Schema;
}

/** A search for accounts, read once. */
export interface AccountSearch {
  readonly baseDn: NameTemplate;
  readonly scope: SearchScope;
  readonly filter: NameFilter;
  readonly accountAttribute: string;
  readonly attributes: readonly DeliveredAttribute[];
}

interface RawSearch {
  readonly base_dn: string;
  readonly scope: SearchScope;
  readonly filters: { readonly user: string };
  readonly account_attribute: string;
  readonly attributes: Type.Static<typeof AttributesSchema>;
}

export function resolveSearch(raw: RawSearch, context: ResolveContext): AccountSearch {
  return {
    baseDn: resolveTemplate(raw.base_dn, 'base_dn', LOGIN_FIELDS, context),
    scope: raw.scope,
    filter: resolveFilter(raw.filters.user, 'filters.user', LOGIN_FIELDS, context),
    accountAttribute: resolveAttributeName(raw.account_attribute, 'account_attribute', context),
    attributes: resolveAttributes(raw.attributes, context),
  };
}

/** The search for one protocol: as for all where it says nothing else. */
export function resolveProtocol(
  raw: Type.Static<typeof ProtocolSchema>,
  forAll: AccountSearch,
  context: ResolveContext,
): AccountSearch {
  const { base_dn: baseDn, scope, filter, account_attribute: account, attributes } = raw;
  return {
    baseDn: baseDn === undefined ? forAll.baseDn : resolveTemplate(baseDn, 'base_dn', LOGIN_FIELDS, context),
    scope: scope ?? forAll.scope,
    filter: filter === undefined ? forAll.filter : resolveFilter(filter, 'filter', LOGIN_FIELDS, context),
    accountAttribute:
      account === undefined ? forAll.accountAttribute : resolveAttributeName(account, 'account_attribute', context),
    attributes: attributes === undefined ? forAll.attributes : resolveAttributes(attributes, context),
  };
}

/** An attribute that is read for a purpose of ours, and whose value answers or logs may show. */
export function resolveAttributeName(name: string, key: string, context: ResolveContext): string {
  if (isNeverDelivered(name)) context.problem(key, `${name} ${NEVER}`);
  return name;
}

const NEVER = 'is never delivered: it holds passwords, hashes or keys';

function resolveAttributes(raw: RawSearch['attributes'], context: ResolveContext): DeliveredAttribute[] {
  const delivered = new Set<string>();
  return raw.map((item, i) => {
    const key = `attributes[${i}]`;
    const { from, as = from, absent, replace = {} } = typeof item === 'string' ? { from: item } : item;
    if (isNeverDelivered(from)) context.problem(typeof item === 'string' ? key : `${key}.from`, `${from} ${NEVER}`);
    if (delivered.has(as)) context.problem(key, `another attribute is delivered as ${as} already`);
    delivered.add(as);
    return { from, as, absent, replace: new Map(Object.entries(replace)) };
  });
}

/** What stands in for a text that cannot be read; the problem that was told keeps it from being used. */
const NOTHING = '(|)';

/** The template of a DN, with the placeholders that are known where it is used. */
export function resolveTemplate(
  text: string,
  key: string,
  allowed: readonly NameField[],
  context: ResolveContext,
): NameTemplate {
  return attempt(text, key, context, (source) => parseNameTemplate(source, allowed));
}

/** A filter with the placeholders that are known where it is used. */
export function resolveFilter(
  text: string,
  key: string,
  allowed: readonly NameField[],
  context: ResolveContext,
): NameFilter {
  return attempt(text, key, context, (source) => NameFilter.parse(source, allowed));
}

function attempt<Read>(text: string, key: string, context: ResolveContext, read: (source: string) => Read): Read {
  try {
    return read(text);
  } catch (cause) {
    if (!(cause instanceof Error && 'position' in cause)) throw cause;
    context.problem(key, `cannot be read: ${cause.message}`);
    return read(NOTHING);
  }
}
