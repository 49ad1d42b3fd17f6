import type { AccountName } from '../../login/account-name.ts';
import { AccountEditError } from './account-edit-error.ts';
import { PLACED_FIELDS } from './file-config.ts';
import { decodeLine } from './line-text.ts';
import {
  ALLOWED_IN_NAMES,
  holdsNoAccount,
  isDisabledMark,
  type LineRules,
  parseFileName,
  parsePasswdLine,
  splitPasswdLine,
} from './passwd-line.ts';

export interface NewAccount {
  readonly name: string;
  /** With its `{SCHEME}`; empty for an account that nobody logs in to. */
  readonly storedPassword: string;
  readonly aliases: readonly string[];
  /** Placed fields by name, and extra fields. */
  readonly fields: readonly (readonly [key: string, value: string])[];
}

const EXTRA_AT = 7;
/** Written by `disable`: Dovecot's own driver heeds it too, should it read the same file. */
const DISABLED_MARK = 'nologin';
const STATE_FIELDS: ReadonlySet<string> = new Set(['user', 'password', 'alias', 'disabled', 'nologin']);
/** U+FEFF in UTF-8, one character for each byte. */
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';
const EXTRA_WORD = /[\t-\r ]*[^\t-\r ]+/g;

/**
 * The text of a passwd-file under edit. Lines are held as one character for each byte, so that every line that is not edited,
 * and every field of one that is, stays as it is byte for byte, whatever its encoding.
 */
export class PasswdText {
  readonly #rules: LineRules;
  /** The mark that some editors put before UTF-8, or nothing. */
  readonly #mark: string;
  /** Each with its end. */
  readonly #lines: string[];
  #isChanged = false;

  constructor(bytes: Buffer, rules: LineRules) {
    this.#rules = rules;
    const text = bytes.toString('latin1');
    this.#mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
    this.#lines = text.slice(this.#mark.length).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  }

  get isChanged(): boolean {
    return this.#isChanged;
  }

  toBytes(): Buffer {
    return Buffer.from(this.#mark + this.#lines.join(''), 'latin1');
  }

  /** @throws {AccountEditError} where a name is taken or cannot be one, or a field cannot be written */
  add(account: NewAccount): AccountName {
    const name = this.#parseName(account.name);
    const aliases = account.aliases.map((alias) => this.#parseName(alias));
    for (const taken of [name, ...aliases]) this.#refuseTaken(taken);
    const line = this.#checked(renderLine(name, aliases, account));
    const last = this.#lines.at(-1);
    const end = last?.endsWith('\r\n') ? '\r\n' : '\n';
    if (last !== undefined && !last.endsWith('\n')) this.#lines.push(`${this.#lines.pop()}${end}`);
    this.#lines.push(`${line}${end}`);
    this.#isChanged = true;
    return name;
  }

  /** Replaces the password; an account that was locked by `!` stays locked. @throws {AccountEditError} */
  setPassword(name: string, storedPassword: string): void {
    this.#edit(name, (fields) => {
      const lock = fields[1]?.startsWith('!') ? '!' : '';
      fields[1] = lock + bytesOf(storedPassword);
    });
  }

  /** Gives whether the account was enabled. @throws {AccountEditError} */
  disable(name: string): boolean {
    if (this.#isDisabled(name)) return false;
    this.#edit(name, (fields) => {
      while (fields.length <= EXTRA_AT) fields.push('');
      fields[EXTRA_AT] = `${fields[EXTRA_AT]}${fields[EXTRA_AT] === '' ? '' : ' '}${DISABLED_MARK}`;
    });
    return true;
  }

  /** Takes all marks away that disable the account; gives whether there were any. @throws {AccountEditError} */
  enable(name: string): boolean {
    if (!this.#isDisabled(name)) return false;
    this.#edit(name, (fields) => {
      fields[1] = (fields[1] ?? '').replace(/^!+/, '');
      fields[EXTRA_AT] = (fields[EXTRA_AT] ?? '').replace(EXTRA_WORD, (word) => (isMark(word) ? '' : word)).trimStart();
    });
    return true;
  }

  /** @throws {AccountEditError} where there is no such account */
  remove(name: string): void {
    this.#lines.splice(this.#lineOf(name), 1);
    this.#isChanged = true;
  }

  #isDisabled(name: string): boolean {
    const parsed = parsePasswdLine(this.#textAt(this.#lineOf(name)), this.#rules);
    if (parsed.kind === 'problem') throw new AccountEditError('file-unusable', parsed.reason);
    return parsed.kind === 'entry' && parsed.isDisabled;
  }

  #edit(name: string, change: (fields: string[]) => void): void {
    const at = this.#lineOf(name);
    const [, body = '', end = ''] = /^(.*?)(\r?\n?)$/s.exec(this.#lines[at] ?? '') ?? [];
    const fields = fieldsOf(body);
    change(fields);
    this.#lines[at] = this.#checked(fields.join(':')) + end;
    this.#isChanged = true;
  }

  #checked(line: string): string {
    const parsed = parsePasswdLine(textOf(line), this.#rules);
    if (parsed.kind === 'entry') return line;
    throw new AccountEditError(
      'invalid-field',
      parsed.kind === 'problem' ? parsed.reason : 'the line would be a comment',
    );
  }

  #parseName(text: string): AccountName {
    const name = parseFileName(text, this.#rules.lowerCase);
    if (name !== undefined) return name;
    throw new AccountEditError('invalid-name', `${JSON.stringify(text)} cannot be a name; ${ALLOWED_IN_NAMES}`);
  }

  #lineOf(name: string): number {
    const wanted = this.#parseName(name);
    const at = this.#lines.findIndex((_, i) => this.#nameAt(i) === wanted);
    if (at >= 0) return at;
    const owner = this.#ownerOf(wanted);
    const hint = owner === undefined ? '' : `; it is an alias of ${owner}`;
    throw new AccountEditError('no-such-account', `there is no account ${wanted}${hint}`);
  }

  #refuseTaken(name: AccountName): void {
    const isAccount = this.#lines.some((_, i) => this.#nameAt(i) === name);
    const owner = isAccount ? undefined : this.#ownerOf(name);
    if (!isAccount && owner === undefined) return;
    const what =
      owner === undefined ? `there is an account ${name} already` : `${name} is an alias of ${owner} already`;
    throw new AccountEditError('account-exists', what);
  }

  #ownerOf(alias: AccountName): AccountName | undefined {
    for (const [at, line] of this.#lines.entries()) {
      if (!line.includes('alias=')) continue;
      const parsed = parsePasswdLine(this.#textAt(at), this.#rules);
      if (parsed.kind === 'entry' && parsed.aliases.includes(alias)) return parsed.name;
    }
    return undefined;
  }

  #nameAt(at: number): AccountName | undefined {
    const text = this.#textAt(at);
    return holdsNoAccount(text) ? undefined : parseFileName(splitPasswdLine(text).name, this.#rules.lowerCase);
  }

  #textAt(at: number): string {
    return textOf((this.#lines[at] ?? '').replace(/\r?\n$/, ''));
  }
}

function renderLine(name: AccountName, aliases: readonly AccountName[], account: NewAccount): string {
  const placed = new Map<string, string>();
  const extra: string[] = [];
  for (const [key, value] of account.fields) {
    const isPlaced = (PLACED_FIELDS as readonly string[]).includes(key);
    refuseUnwritable(key, value, isPlaced);
    if (isPlaced) placed.set(key, value);
    else extra.push(`${key}=${value}`);
  }
  for (const alias of aliases) extra.push(`alias=${alias}`);
  const fields = PLACED_FIELDS.map((field) => placed.get(field) ?? '');
  return bytesOf([name, account.storedPassword, ...fields, extra.join(' ')].join(':'));
}

function refuseUnwritable(key: string, value: string, isPlaced: boolean): void {
  const refuse = (why: string) => {
    throw new AccountEditError('invalid-field', `${JSON.stringify(key)} cannot be set: ${why}`);
  };
  if (!/^[^\s:=\p{Cc}]+$/u.test(key)) refuse('the name of a field has no space, colon or =');
  if (STATE_FIELDS.has(key.replace(/^userdb_/, ''))) refuse('it is not a field; there are commands and options for it');
  if (/\p{Cc}/u.test(value)) refuse('a value has no line breaks or other control characters');
  if (isPlaced && value.includes(':')) refuse('the value of this field has no colon');
  if (!isPlaced && /\s/.test(value)) refuse('the value of an extra field has no spaces');
}

/** Cuts at the first seven colons; an extra field in the old form becomes one in the new, where more can follow. */
function fieldsOf(body: string): string[] {
  const parts = body.split(':');
  if (parts.length <= EXTRA_AT) return parts;
  return [...parts.slice(0, EXTRA_AT), splitPasswdLine(body).extra];
}

function isMark(word: string): boolean {
  const [key = '', ...value] = word.trim().split('=');
  return isDisabledMark([key, value.join('=')]);
}

function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function textOf(line: string): string {
  const bytes = Buffer.from(line, 'latin1');
  return decodeLine(bytes, 0, bytes.length);
}
