import Type from 'typebox';
import { Choice, DurationAboveZero, Flag, Name, type ResolveContext, Section } from '../../../config/fields.ts';
import { parseProtocol, type Protocol } from '../../../login/protocol.ts';

export const MapSchema = Section(
  {
    name: Name({ description: 'What the mail server calls the map.', examples: ['mailboxes'] }),
    gives: Choice(['account', 'attributes', 'text', 'domain'], {
      description:
        'What is answered where the key is the name or an alias of an account: the name of the `account`, values of its `attributes`, or the same `text` for all. A map that gives `domain` takes domains for keys, and answers `text` for those that are served.',
      default: 'account',
      examples: ['attributes'],
    }),
    attributes: Type.Array(
      Type.String({ description: 'Attribute of accounts, as backends have it.', minLength: 1, maxLength: 256 }),
      {
        description:
          'Attributes whose values are answered, all of them in one text; after the name of the account where the map gives `account`. A key whose account has none of them is not found where it gives `attributes`.',
        default: [],
        uniqueItems: true,
        examples: [['mailForwardingAddress']],
      },
    ),
    separator: Type.String({
      description: 'Stands between values.',
      default: ',',
      examples: [' '],
      pattern: '^[ -~]{1,8}$',
    }),
    text: Type.String({
      description: 'What is answered where the map gives `text` or `domain`.',
      default: 'OK',
      examples: ['lmtp:unix:private/dovecot-lmtp'],
      pattern: '^[^\\x00-\\x1f\\x7f]{1,1024}$',
    }),
    protocol: Type.String({
      description: 'The protocol that backends are told, for searches that differ by it.',
      default: 'smtp',
      examples: ['lmtp'],
      pattern: '^[a-z0-9][a-z0-9._-]{0,31}$',
    }),
    hide_disabled: Flag({
      description:
        'Finds no disabled accounts, also where their backend answers look-ups of them. Without it the backend decides.',
      default: false,
      examples: [true],
    }),
    domains: Type.Array(Type.String({ description: 'Domain that is served.', pattern: '^[^\\s@]{1,255}$' }), {
      description: 'Domains that are served, for maps that give `domain`.',
      default: [],
      uniqueItems: true,
      examples: [['example.test']],
    }),
    domains_from: Type.Array(Name({ description: 'Name of a backend.', examples: ['directory'] }), {
      description:
        'Backends that list accounts whose domains are served too, for maps that give `domain`. Until a list was read, what is not named otherwise is a temporary failure.',
      default: [],
      uniqueItems: true,
      examples: [['directory']],
    }),
    domains_refresh: DurationAboveZero({
      description: 'Time after which the lists of `domains_from` are read again.',
      default: '15m',
      examples: ['1h'],
    }),
  },
  { description: 'A table that mail servers look keys up in, by socketmap or tcp_table.' },
);

export const MapsSchema = Type.Array(MapSchema, {
  description: 'Tables that mail servers look accounts, aliases and domains up in.',
  default: [],
  maxItems: 64,
});

export interface AccountMapConfig {
  readonly kind: 'accounts';
  readonly name: string;
  readonly gives: 'account' | 'attributes' | 'text';
  readonly attributes: readonly string[];
  readonly separator: string;
  readonly text: string;
  readonly protocol: Protocol;
  readonly hidesDisabled: boolean;
}

export interface DomainMapConfig {
  readonly kind: 'domains';
  readonly name: string;
  readonly text: string;
  /** In lower case. */
  readonly domains: readonly string[];
  /** Names of backends. */
  readonly from: readonly string[];
  readonly refreshMs: number;
}

export type MapConfig = AccountMapConfig | DomainMapConfig;

type RawMap = Type.Static<typeof MapSchema>;

/** @param backends names of those that there are */
export function resolveMap(raw: RawMap, backends: readonly string[], context: ResolveContext): MapConfig {
  return raw.gives === 'domain' ? resolveDomainMap(raw, backends, context) : resolveAccountMap(raw, raw.gives, context);
}

function resolveDomainMap(raw: RawMap, backends: readonly string[], context: ResolveContext): DomainMapConfig {
  const { name, text, domains, domains_from: from } = raw;
  if (domains.length === 0 && from.length === 0)
    context.problem('domains', 'is empty, and so is domains_from: the map would never find anything');
  for (const [i, backend] of from.entries())
    if (!backends.includes(backend))
      context.problem(`domains_from[${i}]`, `${backend} is no backend; there are ${backends.join(', ')}`);
  if (raw.attributes.length > 0) context.problem('attributes', 'a map that gives domain has none');
  return {
    kind: 'domains',
    name,
    text,
    domains: domains.map((domain) => domain.toLowerCase()),
    from,
    refreshMs: context.durationMs(raw.domains_refresh),
  };
}

function resolveAccountMap(raw: RawMap, gives: AccountMapConfig['gives'], context: ResolveContext): AccountMapConfig {
  const { name, attributes, separator, text } = raw;
  if (gives === 'attributes' && attributes.length === 0)
    context.problem('attributes', 'is empty: name the attributes that the map gives');
  if (gives === 'text' && attributes.length > 0) context.problem('attributes', 'a map that gives text has none');
  if (raw.domains.length > 0 || raw.domains_from.length > 0)
    context.problem('domains', `only a map that gives domain has domains; this one gives ${gives}`);
  return {
    kind: 'accounts',
    name,
    gives,
    attributes,
    separator,
    text,
    protocol: parseProtocol(raw.protocol) as Protocol,
    hidesDisabled: raw.hide_disabled,
  };
}
