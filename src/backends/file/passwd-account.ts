import type { Account, Attributes } from '../../login/account.ts';
import { PLACED_FIELDS, type FileBackendConfig } from './file-config.ts';
import { fieldName, type PasswdEntry } from './passwd-line.ts';

/** Says what the account is, not what a mail server has to know about it. */
const STATE_FIELDS: ReadonlySet<string> = new Set(['alias', 'disabled', 'nologin']);

/** Makes the account of a line, with its fields under the names that the configuration gives them. */
export function accountOf(entry: PasswdEntry, config: Pick<FileBackendConfig, 'name' | 'attributes'>): Account {
  return {
    name: entry.name,
    backend: config.name,
    accountField: 'user',
    attributes: attributesOf(entry, config.attributes),
    isDisabled: entry.isDisabled,
  };
}

/**
 * Fields that are empty at their place are not there; extra fields may have empty values. Repeated fields, and fields that
 * are delivered under one name, become several values in the order of the line.
 */
function attributesOf(entry: PasswdEntry, delivered: FileBackendConfig['attributes']): Attributes {
  const attributes = new Map<string, string[]>();
  const add = (field: string, value: string) => {
    const name = delivered.has(field) ? delivered.get(field) : field;
    if (name === undefined) return;
    const values = attributes.get(name);
    if (values === undefined) attributes.set(name, [value]);
    else values.push(value);
  };
  for (const field of PLACED_FIELDS) if (entry[field] !== '') add(field, entry[field]);
  for (const [key, value] of entry.extra) {
    const field = fieldName(key);
    if (!STATE_FIELDS.has(field)) add(field, expand(value, entry.name));
  }
  return Object.fromEntries(attributes);
}

const VARIABLES = /%(?:%|L?[und]|\{(?:user|username|domain)\})/g;

/** Replaces Dovecot's variables for the user in the value of an extra field, as Dovecot does; all others stay. */
function expand(value: string, user: string): string {
  if (!value.includes('%')) return value;
  const at = user.indexOf('@');
  const local = at < 0 ? user : user.slice(0, at);
  const domain = at < 0 ? '' : user.slice(at + 1);
  const parts: Readonly<Record<string, string>> = {
    '%%': '%',
    '%u': user,
    '%n': local,
    '%d': domain,
    '%Lu': user.toLowerCase(),
    '%Ln': local.toLowerCase(),
    '%Ld': domain.toLowerCase(),
    '%{user}': user,
    '%{username}': local,
    '%{domain}': domain,
  };
  return value.replace(VARIABLES, (variable) => parts[variable] ?? variable);
}
