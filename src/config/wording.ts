import type { TSchema } from 'typebox';
import { factsOf, isSecret, type SettingFacts, shapeOf } from './setting-shape.ts';
import type { SourceNode } from './yaml-source.ts';

const FORMS: Readonly<Record<string, string>> = {
  duration: 'a time such as 250ms, 10s, 5m, 1h or 1d',
  'duration-above-zero': 'a time above zero such as 250ms, 10s, 5m, 1h or 1d',
  'byte-size': 'a size such as 512B, 7KiB, 1MiB or 1GiB',
  name: 'a name of at most 64 letters, digits, ".", "_" and "-"',
  network: 'a network such as 10.0.0.0/24 or an address',
  address: 'an IP address such as 127.0.0.1 or ::1',
  path: 'the path of a file',
  'dovecot-field': 'a field such as userdb.home or passdb.proxy=y',
  header: 'the name of a header such as X-Auth-User',
  'https-url': 'a URL that begins with https://',
  fingerprint: 'a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons',
  'dns-server': 'the address of a DNS server such as 127.0.0.1, 127.0.0.1:5353 or [::1]:53',
  'stored-hash': 'a hash with its scheme in braces, in quotes, such as "{ARGON2ID}$argon2id$…"',
};

/** What a setting may be, for messages and the reference. */
export function describeAllowed(schema: TSchema): string {
  const facts = factsOf(schema);
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case 'section':
      return describeTable([...shape.keys.keys()]);
    case 'variants':
      return `a table whose type is ${oneOf([...shape.variants.keys()])}`;
    case 'mapping':
      return `a table of names, each with ${describeAllowed(shape.values)}`;
    case 'list':
      return `a list, each item ${describeAllowed(shape.items)}`;
    case 'forms':
      return shape.forms.map(describeAllowed).join(', or ');
    case 'words':
      return oneOf(shape.words);
    case 'flag':
      return 'true or false';
    case 'number':
      return describeRange(facts.minimum, facts.maximum);
    case 'text':
      return describeText(facts);
  }
}

function describeTable(keys: readonly string[]): string {
  return keys.length === 1 ? `{ ${keys[0]}: … }` : `a table with ${keys.join(', ')}`;
}

function describeText(facts: SettingFacts): string {
  if (facts['x-secret'] === 'environment') return 'a text that comes whole from the environment, such as "${NAME}"';
  const form = FORMS[facts['x-form'] ?? ''];
  if (form !== undefined) return form;
  return facts.pattern === undefined ? 'a text' : `a text that matches ${facts.pattern}`;
}

function oneOf(words: readonly (string | boolean)[]): string {
  return words.length === 1 ? `${words[0]}` : `one of ${words.join(', ')}`;
}

function describeRange(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum !== undefined && maximum !== undefined) return `a whole number from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `a whole number, at least ${minimum}`;
  return maximum === undefined ? 'a whole number' : `a whole number, at most ${maximum}`;
}

const MAX_SHOWN = 60;
const LOOKS_SECRET = /^\{[A-Za-z0-9.-]+\}|^\$[a-z0-9-]+\$/;

/** What was found in the file; never a secret, nor what came from the environment. */
export function describeFound(node: SourceNode, schema: TSchema): string {
  switch (node.kind) {
    case 'table':
      return 'a table';
    case 'list':
      return 'a list';
    case 'broken':
      return 'nothing';
    case 'value':
      if (node.value === null) return 'nothing';
      if (isSecret(schema)) return `a ${kindOf(node.value)} that is not shown`;
      if (node.written !== undefined) return `${quote(node.written)}, whose value is not shown`;
      if (typeof node.value !== 'string') return String(node.value);
      return LOOKS_SECRET.test(node.value) ? 'a text that is not shown' : quote(node.value);
  }
}

function kindOf(value: string | number | boolean): string {
  return typeof value === 'string' ? 'text' : typeof value === 'number' ? 'number' : 'word';
}

/** As JSON, so that no control character gets through, and not longer than a line can take. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
