import Type from 'typebox';
import { Choice, Flag, Name, Path, type ResolveContext, Section } from '../../config/fields.ts';
import { SCHEME_NAMES, type SchemeName } from '../../passwords/scheme.ts';

/** Fields of a line that have a place of their own, by the names Dovecot has for them. */
export const PLACED_FIELDS = ['uid', 'gid', 'gecos', 'home', 'shell'] as const;

/** Delivered under their own names where nothing else is set; `gecos` and `shell` say nothing to a mail server. */
const DEFAULT_ATTRIBUTES: Readonly<Record<string, string>> = { uid: 'uid', gid: 'gid', home: 'home' };

/** Never delivered: what the fields say is the state of the account, or its other names. */
const RESERVED_FIELDS: ReadonlySet<string> = new Set(['user', 'password', 'alias', 'disabled', 'nologin']);

const FIELD_NAME = '^[^\\s:=]{1,128}$';

export const FileBackendSchema = Section(
  {
    type: Type.Literal('file', { description: 'Accounts in a file of the form that Dovecot calls passwd-file.' }),
    name: Name({ description: 'Name of the backend in log lines, answers and metrics.', examples: ['accounts'] }),
    path: Path({
      description:
        'The file: one account a line, `user:password:uid:gid:gecos:home:shell:extra fields`. It is read again when it changes.',
      examples: ['accounts.passwd', '/etc/dovecot/users'],
    }),
    default_scheme: Choice([...SCHEME_NAMES], {
      description: 'Scheme of passwords that have none in braces before them.',
      default: 'CRYPT',
      examples: ['SHA512-CRYPT'],
    }),
    lower_case: Flag({
      description: 'Whether login names and the names in the file are made lower case before they are compared.',
      default: true,
      examples: [false],
    }),
    attributes: Type.Record(
      Type.String({ pattern: FIELD_NAME }),
      Type.Union(
        [
          Type.String({ pattern: FIELD_NAME, description: 'Name under which the field is delivered.' }),
          Type.Literal(false, { description: 'The field is not delivered.' }),
        ],
        { description: 'Name under which the field is delivered, or `false` for a field that is not.' },
      ),
      {
        description:
          'Fields and the names under which they are delivered: `uid`, `gid`, `home`, `gecos`, `shell` or any extra field, without `userdb_`. `false` keeps a field back. Fields that are not named here keep their own names, except `gecos` and `shell`, which are not delivered.',
        default: {},
        examples: [{ quota_rule: 'rnsMSQuota', gecos: 'displayName', uid: false }],
      },
    ),
    remember_logins: Flag({
      description: 'Whether logins that this backend has proven are remembered, for as long as `verified_logins` says.',
      default: true,
      examples: [false],
    }),
    answer_disabled_lookups: Flag({
      description: 'Whether look-ups without a password find disabled accounts, so that their mail is still delivered.',
      default: false,
      examples: [true],
    }),
    list_disabled: Flag({
      description: 'Whether disabled accounts are in the list of accounts.',
      default: true,
      examples: [false],
    }),
  },
  { description: 'Accounts in a file of the form that Dovecot calls passwd-file.' },
);

export interface FileBackendConfig {
  readonly type: 'file';
  readonly name: string;
  readonly path: string;
  readonly defaultScheme: SchemeName;
  readonly lowerCase: boolean;
  /** Field names without `userdb_` and the names under which they are delivered; `undefined` for those that are not. */
  readonly attributes: ReadonlyMap<string, string | undefined>;
  readonly rememberLogins: boolean;
  readonly answerDisabledLookups: boolean;
  readonly listDisabled: boolean;
}

export function resolveFileBackend(
  raw: Type.Static<typeof FileBackendSchema>,
  context: ResolveContext,
): FileBackendConfig {
  return {
    type: 'file',
    name: raw.name,
    path: context.resolvePath(raw.path),
    defaultScheme: raw.default_scheme,
    lowerCase: raw.lower_case,
    attributes: resolveAttributes(raw.attributes, context),
    rememberLogins: raw.remember_logins,
    answerDisabledLookups: raw.answer_disabled_lookups,
    listDisabled: raw.list_disabled,
  };
}

function resolveAttributes(
  raw: Readonly<Record<string, string | false>>,
  context: ResolveContext,
): Map<string, string | undefined> {
  const attributes = deliveredByDefault();
  for (const [field, delivered] of Object.entries(raw)) {
    const name = field.replace(/^userdb_/, '');
    if (RESERVED_FIELDS.has(name)) {
      context.problem(`attributes.${field}`, `the field ${name} is never delivered`);
    } else {
      attributes.set(name, delivered === false ? undefined : delivered);
    }
  }
  return attributes;
}

function deliveredByDefault(): Map<string, string | undefined> {
  return new Map(PLACED_FIELDS.map((field) => [field, DEFAULT_ATTRIBUTES[field]]));
}

/** How a file is read where no configuration says otherwise: for commands that are given the file alone. */
export function defaultFileBackend(path: string): FileBackendConfig {
  return {
    type: 'file',
    name: 'file',
    path,
    defaultScheme: 'CRYPT',
    lowerCase: true,
    attributes: deliveredByDefault(),
    rememberLogins: true,
    answerDisabledLookups: false,
    listDisabled: true,
  };
}
