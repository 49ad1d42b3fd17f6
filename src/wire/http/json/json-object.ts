/**
 * Reads one JSON object from bytes of a caller. `JSON.parse` does the work; what it lets pass is looked for here: keys that
 * stand twice (RFC 8259 4 leaves their meaning open, so two readers may see two users) and nesting without end.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer';

/** Deepest nesting; only fields that are ignored can be nested at all. */
const MAX_DEPTH = 16;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;

export type JsonObject = Readonly<Record<string, unknown>>;

export type JsonOutcome =
  | {
      readonly kind: 'object';
      readonly value: JsonObject;
      readonly isLatin1: boolean;
      /** True where `\u` is in the text. */
      readonly hasUnicodeEscapes: boolean;
    }
  | { readonly kind: 'malformed'; readonly message: string; readonly field?: string };

/** Bytes that are no UTF-8 are read as Latin-1: old clients send passwords so, and Dovecot passes them on as they are. */
export function readJsonObject(bytes: Buffer): JsonOutcome {
  const isLatin1 = !isUtf8(bytes);
  const text = isLatin1 ? bytes.toString('latin1') : stripByteOrderMark(bytes.toString('utf8'));
  const keys = countTopLevelKeys(text);
  if (keys === undefined) return { kind: 'malformed', message: `nested deeper than ${MAX_DEPTH} levels` };
  const parsed = parse(text);
  if (parsed === undefined) return { kind: 'malformed', message: 'the body is not valid JSON' };
  if (typeof parsed.value !== 'object' || parsed.value === null || Array.isArray(parsed.value)) {
    return { kind: 'malformed', message: 'the body must be one JSON object' };
  }
  const value = parsed.value as JsonObject;
  if (Object.keys(value).length !== keys) return duplicateKey(text);
  return { kind: 'object', value, isLatin1, hasUnicodeEscapes: text.includes('\\u') };
}

function stripByteOrderMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** Counts the keys of the outermost object of what may be JSON; `undefined` where it is nested too deeply. */
function countTopLevelKeys(text: string): number | undefined {
  let depth = 0;
  let keys = 0;
  for (let i = 0; i < text.length; i += 1) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1;
        if (depth > MAX_DEPTH) return undefined;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth -= 1;
        break;
      case COLON:
        if (depth === 1) keys += 1;
        break;
    }
  }
  return keys;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, position: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(position - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

/** Names the key that stands twice: a reviver sees each key once, so the text is read key by key. */
function duplicateKey(text: string): JsonOutcome {
  const seen = new Set<string>();
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
    if (code !== QUOTE) continue;
    const end = endOfString(text, i);
    if (depth === 1 && /^\s*:/.test(text.slice(end + 1, end + 64))) {
      const key = String(parse(text.slice(i, end + 1))?.value);
      if (seen.has(key)) return { kind: 'malformed', field: key.slice(0, 64), message: 'the key stands twice' };
      seen.add(key);
    }
    i = end;
  }
  return { kind: 'malformed', message: 'a key stands twice' };
}
