/**
 * One line of a passwd-file: `user:password:uid:gid:gecos:home:shell:extra fields`. Fields may be missing at the end; what comes
 * after the seventh colon is extra fields, `key=value` or `key`, separated by white space, colons included.
 *
 * @module
 */
import { type AccountName, parseAccountName } from '../../login/account-name.ts';
import type { SchemeName } from '../../passwords/scheme.ts';
import { parseStoredPassword } from '../../passwords/stored-password.ts';
import type { UsableHash } from '../../passwords/usable-hash.ts';

/** How lines are read. */
export interface LineRules {
  readonly defaultScheme: SchemeName;
  readonly lowerCase: boolean;
}

/** An extra field; `value` is empty for a bare key. */
export type ExtraField = readonly [key: string, value: string];

/** An account as its line has it. */
export interface PasswdEntry {
  readonly kind: 'entry';
  readonly name: AccountName;
  readonly aliases: readonly AccountName[];
  readonly isDisabled: boolean;
  /** Absent where nobody can log in: the line has no password. */
  readonly hash: UsableHash | undefined;
  readonly uid: string;
  readonly gid: string;
  readonly gecos: string;
  readonly home: string;
  readonly shell: string;
  readonly extra: readonly ExtraField[];
}

/** What is wrong with a line; holds nothing of its password. */
export interface LineProblem {
  readonly kind: 'problem';
  readonly reason: string;
}

export type ParsedLine = PasswdEntry | LineProblem | { readonly kind: 'no-account' };

/** The fields of a line as they stand. */
export interface RawFields {
  readonly name: string;
  readonly password: string;
  readonly placed: readonly string[];
  readonly extra: string;
}

/** Longest line in bytes; with one account a line nothing comes near it, but a binary file without line ends does. */
export const MAX_LINE_BYTES = 64 * 1024;

const NO_ACCOUNT = { kind: 'no-account' } as const;
const EXTRA_AT = 7;
const USERDB_PREFIX = 'userdb_';
/** What Dovecot would act on in a way that this backend does not: better refused than overlooked. */
const REFUSED_FIELDS: ReadonlyMap<string, string> = new Map([
  ['', 'an extra field has no name before its ='],
  ['user', 'the extra field user is not supported; give the account it leads to an alias=name instead'],
  ['password', 'the extra field password is not supported; the password is the second field of the line'],
]);
const FALSE_WORDS: ReadonlySet<string> = new Set(['no', 'n', 'false', 'off', '0']);
const IS_ASCII = /^[\x21-\x7e]*$/;
const BRACES_ONLY = /^\{[^}]*\}$/;

/**
 * Reads a line without its end. Comments, empty lines and lines without a name hold no account. Never throws.
 *
 * An account is disabled by the extra fields `disabled` (unless its value says no) and `nologin`, and by `!` before its
 * password. A password that is empty, `*`, or a scheme with nothing behind it is none: nobody logs in with it.
 */
export function parsePasswdLine(line: string, rules: LineRules): ParsedLine {
  if (holdsNoAccount(line)) return NO_ACCOUNT;
  if (line.includes('\0')) return problem('the line holds a NUL byte, as files do that were not written whole');
  const raw = splitPasswdLine(line);
  const name = parseFileName(raw.name, rules.lowerCase);
  if (name === undefined) return problem(`${shown(raw.name)} is no account name; ${ALLOWED_IN_NAMES}`);
  const rest = parseRest(raw, name, rules);
  return rest.kind === 'problem' ? problem(`account ${name}: ${rest.reason}`) : rest;
}

function parseRest(raw: RawFields, name: AccountName, rules: LineRules): PasswdEntry | LineProblem {
  const extra = parseExtraFields(raw.extra);
  if ('kind' in extra) return extra;
  const aliases = parseAliases(extra, name, rules.lowerCase);
  if ('kind' in aliases) return aliases;
  const password = parsePasswordField(raw.password, rules.defaultScheme);
  if (password.kind === 'problem') return password;
  const [uid = '', gid = '', gecos = '', home = '', shell = ''] = raw.placed;
  const isDisabled = password.isLocked || extra.some(isDisabledMark);
  return { kind: 'entry', name, aliases, isDisabled, hash: password.hash, uid, gid, gecos, home, shell, extra };
}

/** What may be in an account name, for messages. */
export const ALLOWED_IN_NAMES =
  'a name has at most 1024 bytes and no colon, space, control character or ( ) { } % " \\, and does not start with #';

/** True for comments, empty lines and lines without a name, which Dovecot skips too. */
export function holdsNoAccount(line: string): boolean {
  return line === '' || line.startsWith('#') || line.startsWith(':');
}

/** Takes a line apart at its colons, up to the extra fields. */
export function splitPasswdLine(line: string): RawFields {
  const fields: string[] = [];
  let start = 0;
  while (fields.length < EXTRA_AT) {
    const colon = line.indexOf(':', start);
    fields.push(colon < 0 ? line.slice(start) : line.slice(start, colon));
    if (colon < 0) return { name: fields[0] ?? '', password: fields[1] ?? '', placed: fields.slice(2), extra: '' };
    start = colon + 1;
  }
  const rest = line.slice(start);
  // Dovecot's old form has an empty eighth field and the mail location in the ninth.
  const extra = rest.startsWith(':') && rest.length > 1 ? `${USERDB_PREFIX}mail=${rest.slice(1)}` : rest;
  return { name: fields[0] ?? '', password: fields[1] ?? '', placed: fields.slice(2), extra };
}

/** An account name as a file or a client has it, in the form in which names are compared. */
export function foldName(name: AccountName, lowerCase: boolean): AccountName {
  if (!lowerCase) return name;
  const lower = name.toLowerCase();
  return (IS_ASCII.test(lower) ? lower : lower.normalize('NFC')) as AccountName;
}

/** Reads a name of a file: what no client can send, or a line cannot hold, is none. */
export function parseFileName(text: string, lowerCase: boolean): AccountName | undefined {
  const name = parseAccountName(text);
  if (name === undefined || name.includes(':') || name.startsWith('#')) return undefined;
  return foldName(name, lowerCase);
}

/** The name of an extra field, the same with and without `userdb_`. */
export function fieldName(key: string): string {
  return key.startsWith(USERDB_PREFIX) ? key.slice(USERDB_PREFIX.length) : key;
}

/** Whether an extra field switches its account off. Dovecot lets nobody in with `nologin`, whatever its value. */
export function isDisabledMark([key, value]: ExtraField): boolean {
  const name = fieldName(key);
  return name === 'nologin' || (name === 'disabled' && !FALSE_WORDS.has(value.toLowerCase()));
}

function parseExtraFields(text: string): readonly ExtraField[] | LineProblem {
  if (text === '') return [];
  const extra: ExtraField[] = [];
  for (const word of text.split(/[\t-\r ]+/)) {
    if (word === '') continue;
    const equals = word.indexOf('=');
    const key = equals < 0 ? word : word.slice(0, equals);
    const refusal = REFUSED_FIELDS.get(fieldName(key));
    if (refusal !== undefined) return problem(refusal);
    extra.push([key, equals < 0 ? '' : word.slice(equals + 1)]);
  }
  return extra;
}

function parseAliases(
  extra: readonly ExtraField[],
  name: AccountName,
  lowerCase: boolean,
): readonly AccountName[] | LineProblem {
  const aliases: AccountName[] = [];
  for (const [key, value] of extra) {
    if (fieldName(key) !== 'alias') continue;
    const alias = parseFileName(value, lowerCase);
    if (alias === undefined) return problem(`${shown(value)} can be no alias; ${ALLOWED_IN_NAMES}`);
    if (alias === name || aliases.includes(alias)) return problem(`the alias ${alias} is there already`);
    aliases.push(alias);
  }
  return aliases;
}

interface ParsedPassword {
  readonly kind: 'password';
  readonly hash: UsableHash | undefined;
  readonly isLocked: boolean;
}

function parsePasswordField(field: string, defaultScheme: SchemeName): ParsedPassword | LineProblem {
  const isLocked = field.startsWith('!');
  const text = isLocked ? field.replace(/^!+/, '') : field;
  if (text === '' || text === '*' || BRACES_ONLY.test(text)) return { kind: 'password', hash: undefined, isLocked };
  const hash = parseStoredPassword(withPamScheme(text), defaultScheme);
  return hash.kind === 'problem' ? problem(hash.message) : { kind: 'password', hash, isLocked };
}

/** `hash[13]` and `hash[34]` are what libpam-pwdfile wrote; Dovecot reads them as these schemes. */
function withPamScheme(text: string): string {
  if (!text.endsWith(']') || text.startsWith('{') || text.startsWith('$')) return text;
  const digits = /^(.+)\[(\d\d)\]$/.exec(text);
  return digits === null ? text : `{${digits[2] === '34' ? 'PLAIN-MD5' : 'CRYPT'}}${digits[1]}`;
}

function problem(reason: string): LineProblem {
  return { kind: 'problem', reason };
}

/** A line that lacks its first colon may show a password as its name. */
function shown(text: string): string {
  if (/[{}$]/.test(text)) return 'the text before the first colon';
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
