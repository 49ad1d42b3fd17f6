import Type from 'typebox';
import { Choice, Count, Flag, type ResolveContext, Section } from '../../config/fields.ts';
import { escapeFilterValue } from './client/filter/escape.ts';
import { Attribute, resolveAttributeName, resolveFilter, resolveTemplate, Template } from './ldap-search-config.ts';
import type { NameFilter } from './names/name-filter.ts';
import { GROUP_FIELDS, LOGIN_FIELDS, type NameTemplate } from './names/name-template.ts';

export const DisabledSchema = Section(
  {
    attribute: Type.Optional(Attribute('Attribute that says so.', ['nauthilusEnabled', 'nsAccountLock'])),
    values: Type.Array(
      Type.Union(
        [
          Type.String({ minLength: 1, maxLength: 1024, description: 'A value, in any case.' }),
          Flag({ description: 'A value of an LDAP Boolean.' }),
        ],
        { description: 'A value of the attribute.' },
      ),
      {
        description: 'Values of the attribute that mean disabled; where none is named here, every value does.',
        default: [],
        examples: [['FALSE']],
      },
    ),
    filter: Type.Optional(
      Template('Instead of an attribute: a filter that disabled accounts match. Each login costs a second search.', [
        '(userAccountControl:1.2.840.113556.1.4.803:=2)',
      ]),
    ),
  },
  { description: 'Which accounts are switched off: an `attribute` with its `values`, or a `filter`.' },
);

export const MasterSchema = Section(
  {
    separator: Type.String({
      pattern: '^[^A-Za-z0-9@.\\s]{1,8}$',
      description: "Stands between the account and the master user's name, as in `alice@example.test*admin`.",
      default: '*',
      examples: ['#'],
    }),
    base_dn: Type.Optional(
      Template('DN below which master users are searched; without it, where accounts are.', ['dc=example,dc=test']),
    ),
    filter: Template('Filter that finds the one master user of a name, and nobody who is none.', [
      '(&(nauthilusAccount=%{user})(nauthilusDovecotMaster=TRUE)(!(nauthilusEnabled=FALSE)))',
    ]),
  },
  { description: 'Who may log in as another account, with their own password. Without this section nobody may.' },
);

export const GroupsSchema = Section(
  {
    strategy: Choice(['member_of', 'search'], {
      description:
        'Where groups are found: in the attribute `member_of_attribute` of the account, or by a search for groups that name it.',
      default: 'member_of',
      examples: ['search'],
    }),
    member_of_attribute: Type.String({
      pattern: '^[^\\s:=*+]{1,128}$',
      description: 'Attribute of accounts and groups with the DNs of their groups, for `member_of`.',
      default: 'memberOf',
      examples: ['isMemberOf'],
    }),
    base_dn: Type.Optional(
      Template('DN below which groups are searched, for `search`; without it, where accounts are.', [
        'ou=groups,dc=example,dc=test',
      ]),
    ),
    filter: Type.String({
      minLength: 1,
      maxLength: 8192,
      description:
        'Filter that finds the groups of an account or of a group, for `search`. Its DN is `%{user_dn}`; `%{account}` is the name of the account.',
      default: '(|(member=%{user_dn})(uniqueMember=%{user_dn}))',
      examples: ['(&(objectClass=posixGroup)(memberUid=%{username}))'],
    }),
    name_attribute: Type.String({
      pattern: '^[^\\s:=*+]{1,128}$',
      description: 'Attribute with the name of a group.',
      default: 'cn',
      examples: ['ou'],
    }),
    nested_depth: Count({
      description: 'How often the groups of groups are followed; 0 is the groups of the account itself.',
      minimum: 0,
      maximum: 32,
      default: 0,
      examples: [4],
    }),
    as: Attribute('Name under which the names of the groups are delivered.', ['groups']),
  },
  { description: 'Delivers the names of the groups that an account is in. Without this section none are looked for.' },
);

/** How it is known that an account is switched off. */
export type DisabledRule =
  /** Values are in lower case; where there are none, every value means disabled. */
  | { readonly kind: 'attribute'; readonly attribute: string; readonly values: ReadonlySet<string> }
  | { readonly kind: 'filter'; readonly filter: NameFilter };

export interface MasterRule {
  readonly separator: string;
  /** Absent where master users are searched where accounts are. */
  readonly baseDn: NameTemplate | undefined;
  readonly filter: NameFilter;
}

interface CommonGroupsRule {
  readonly nameAttribute: string;
  readonly nestedDepth: number;
  readonly as: string;
}

export type GroupsRule =
  | (CommonGroupsRule & { readonly kind: 'member-of'; readonly attribute: string })
  | (CommonGroupsRule & {
      readonly kind: 'search';
      readonly baseDn: NameTemplate | undefined;
      readonly filter: NameFilter;
    });

export function resolveDisabled(
  raw: Type.Static<typeof DisabledSchema>,
  context: ResolveContext,
): DisabledRule | undefined {
  const { attribute, values, filter } = raw;
  if (filter !== undefined && attribute !== undefined) context.problem('filter', 'cannot stand beside attribute');
  if (filter !== undefined) return { kind: 'filter', filter: resolveFilter(filter, 'filter', [], context) };
  if (attribute === undefined) {
    context.problem('attribute', 'is missing; needed: attribute and values, or filter');
    return undefined;
  }
  return {
    kind: 'attribute',
    attribute: resolveAttributeName(attribute, 'attribute', context),
    values: new Set(values.map((value) => String(value).toLowerCase())),
  };
}

/** A filter that disabled accounts match. */
export function disabledFilter(rule: DisabledRule): string {
  if (rule.kind === 'filter') return rule.filter.source;
  const { attribute, values } = rule;
  // A Boolean is TRUE or FALSE in these letters only (RFC 4517 3.3.3); other syntaxes mostly take any case.
  const written = [...values].map((value) => (value === 'true' || value === 'false' ? value.toUpperCase() : value));
  const matches = written.map((value) => `(${attribute}=${escapeFilterValue(value)})`);
  return matches.length === 0 ? `(${attribute}=*)` : `(|${matches.join('')})`;
}

export function resolveMaster(raw: Type.Static<typeof MasterSchema>, context: ResolveContext): MasterRule {
  const { separator, base_dn: baseDn, filter } = raw;
  return {
    separator,
    baseDn: baseDn === undefined ? undefined : resolveTemplate(baseDn, 'base_dn', LOGIN_FIELDS, context),
    filter: resolveFilter(filter, 'filter', LOGIN_FIELDS, context),
  };
}

export function resolveGroups(raw: Type.Static<typeof GroupsSchema>, context: ResolveContext): GroupsRule {
  const common = {
    nameAttribute: resolveAttributeName(raw.name_attribute, 'name_attribute', context),
    nestedDepth: raw.nested_depth,
    as: raw.as,
  };
  if (raw.strategy === 'member_of') {
    const attribute = resolveAttributeName(raw.member_of_attribute, 'member_of_attribute', context);
    return { ...common, kind: 'member-of', attribute };
  }
  const baseDn = raw.base_dn === undefined ? undefined : resolveTemplate(raw.base_dn, 'base_dn', LOGIN_FIELDS, context);
  return { ...common, kind: 'search', baseDn, filter: resolveFilter(raw.filter, 'filter', GROUP_FIELDS, context) };
}
