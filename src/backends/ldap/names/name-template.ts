/**
 * Texts of the configuration with placeholders for what is known of a login, such as `(uid=%{username|lower})`. They are read
 * once; their values are given out as bytes for filters, where nothing is escaped because nothing is parsed again, and as
 * escaped text for DNs.
 *
 * @module
 */
import { escapeDnValue, escapeFilterValue } from '../client/filter/escape.ts';

/** What is known of a login. Names are the placeholders' names. */
export interface NameFacts {
  /** The login name, whole. */
  readonly user: string;
  readonly protocol: string;
  /** Empty where the caller did not say. */
  readonly client_ip: string;
  readonly local_ip: string;
  /** Known once the account was found: for groups only. */
  readonly user_dn?: string;
  readonly account?: string;
}

export type NameField = keyof NameFacts | 'username' | 'domain';

/** What a search for an account may be made of. */
export const LOGIN_FIELDS = ['user', 'username', 'domain', 'protocol', 'client_ip', 'local_ip'] as const;

/** What a search for an account's groups may be made of. */
export const GROUP_FIELDS = [...LOGIN_FIELDS, 'account', 'user_dn'] as const;

/** A place for a value, and which of the template's values it is. One value may stand in several places. */
export interface TemplateSlot {
  readonly value: number;
  /** As the operator wrote it. */
  readonly source: string;
}

interface TemplateValue {
  readonly field: NameField;
  readonly letters: 'kept' | 'lower' | 'upper';
}

/** A template that was read: text and places in turn. */
export interface NameTemplate {
  readonly source: string;
  readonly pieces: readonly (string | TemplateSlot)[];
  readonly values: readonly TemplateValue[];
}

/** A template cannot be read. `position` counts characters from 0. */
export class NameTemplateError extends Error {
  override readonly name = 'NameTemplateError';
  readonly code = 'bad-name-template';
  readonly position: number;

  constructor(problem: string, position: number) {
    super(problem);
    this.position = position;
  }
}

// Either `%%`, or the letters for case and a name in braces, or Dovecot's single letter, or a sign that stands for nothing.
const PLACEHOLDER = /%(?:%|([A-Za-z]*)\{([^}]*)\}|([LU]?)([A-Za-z])|)/g;
const SHORT: Readonly<Record<string, NameField>> = { u: 'user', n: 'username', d: 'domain' };
const LETTERS: Readonly<Record<string, TemplateValue['letters']>> = {
  '': 'kept',
  L: 'lower',
  U: 'upper',
  lower: 'lower',
  upper: 'upper',
};

/**
 * Reads a template: `%{user}`, `%{user|lower}`, `%{user|upper}` and `%L{user}`, `%U{user}`; `%u`, `%n` and `%d` as Dovecot has
 * them for `user`, `username` and `domain`, also `%Lu`; `%%` for a percent sign.
 *
 * @throws {NameTemplateError} for anything else that follows a percent sign
 */
export function parseNameTemplate(source: string, allowed: readonly NameField[] = LOGIN_FIELDS): NameTemplate {
  const pieces: (string | TemplateSlot)[] = [];
  const values: TemplateValue[] = [];
  let text = '';
  let end = 0;
  for (const match of source.matchAll(PLACEHOLDER)) {
    text += source.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[0] === '%%') {
      text += '%';
      continue;
    }
    const value = readPlaceholder(match, allowed);
    if (text !== '') pieces.push(text);
    text = '';
    pieces.push({ value: indexOf(values, value), source: match[0] });
  }
  text += source.slice(end);
  if (text !== '') pieces.push(text);
  return { source, pieces, values };
}

function readPlaceholder(match: RegExpExecArray, allowed: readonly NameField[]): TemplateValue {
  const { name, word } = placeholderParts(match);
  const field = allowed.find((known) => known === name);
  const letters = Object.hasOwn(LETTERS, word) ? LETTERS[word] : undefined;
  if (field !== undefined && letters !== undefined) return { field, letters };
  throw new NameTemplateError(`${complaint(match[0], match[4])}; ${describeAllowedFields(allowed)}`, match.index);
}

/** The field's name, and the word or letter that says what becomes of its letters. */
function placeholderParts(match: RegExpExecArray): { readonly name: string; readonly word: string } {
  const [, prefix = '', braced, shortPrefix = '', short = ''] = match;
  if (braced === undefined) return { name: SHORT[short] ?? '', word: shortPrefix };
  const bar = braced.indexOf('|');
  if (bar < 0) return { name: braced, word: prefix };
  return { name: braced.slice(0, bar), word: prefix + (braced.slice(bar + 1) || '|') };
}

function complaint(whole: string, short: string | undefined): string {
  if (short === 's')
    return '%s means the user in some programs and the protocol in others: write %{user} or %{protocol}';
  return `${whole === '%' ? 'a lone %' : whole} is no placeholder`;
}

function describeAllowedFields(allowed: readonly NameField[]): string {
  if (allowed.length === 0) return 'none may stand here, and a percent sign is written %%';
  const names = allowed.map((name) => `%{${name}}`).join(', ');
  return `allowed: ${names}, with |lower or |upper after a name, %u, %n, %d, and %% for a percent sign`;
}

function indexOf(values: TemplateValue[], { field, letters }: TemplateValue): number {
  const known = values.findIndex((value) => value.field === field && value.letters === letters);
  return known < 0 ? values.push({ field, letters }) - 1 : known;
}

/** The values in their order: what a filter's places are filled with. */
export function templateTexts(template: NameTemplate, facts: NameFacts): string[] {
  return template.values.map((value) => valueText(value, facts));
}

/**
 * The template as a DN, its values escaped (RFC 4514 2.4); `undefined` where a value is empty, because no entry can be at such
 * a place. A `%{user_dn}` stands in it as it is: it is a DN already.
 */
export function renderDn(template: NameTemplate, facts: NameFacts): string | undefined {
  const values = template.values.map((value) => {
    const text = valueText(value, facts);
    return value.field === 'user_dn' ? text : escapeDnValue(text);
  });
  if (values.includes('')) return undefined;
  return render(template, values);
}

/** The template as the text of a filter, its values escaped (RFC 4515 3): for messages and for other programs. */
export function renderFilter(template: NameTemplate, facts: NameFacts): string {
  const values = template.values.map((value) => escapeFilterValue(valueText(value, facts)));
  return render(template, values);
}

function render({ pieces }: NameTemplate, values: readonly string[]): string {
  return pieces.map((piece) => (typeof piece === 'string' ? piece : values[piece.value])).join('');
}

function valueText({ field, letters }: TemplateValue, facts: NameFacts): string {
  const text = fieldText(field, facts);
  switch (letters) {
    case 'kept':
      return text;
    case 'lower':
      return text.toLowerCase();
    case 'upper':
      return text.toUpperCase();
  }
}

function fieldText(field: NameField, facts: NameFacts): string {
  switch (field) {
    case 'username':
      return splitName(facts.user).username;
    case 'domain':
      return splitName(facts.user).domain;
    case 'user':
    case 'protocol':
    case 'client_ip':
    case 'local_ip':
      return facts[field];
    case 'account':
    case 'user_dn':
      return facts[field] ?? '';
  }
}

/**
 * A name's local part and domain. The last `@` parts them, because a domain can hold none (RFC 5321 4.1.2); a name without
 * one is a local part alone, with an empty domain.
 */
export function splitName(name: string): { readonly username: string; readonly domain: string } {
  const at = name.lastIndexOf('@');
  if (at < 0) return { username: name, domain: '' };
  return { username: name.slice(0, at), domain: name.slice(at + 1) };
}
