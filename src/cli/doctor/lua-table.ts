export type LuaValue = string | number | boolean;

export type LuaTable =
  | { readonly kind: 'table'; readonly values: ReadonlyMap<string, LuaValue | undefined> }
  | { readonly kind: 'problem'; readonly message: string };

const BLANK = /(?:\s|--\[\[[\s\S]*?\]\]|--[^\n]*)*/y;
const KEY = /([A-Za-z_]\w*)|\[\s*(?:'([^'\n]*)'|"([^"\n]*)")\s*\]/y;
const VALUE =
  /'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|\[\[([\s\S]*?)\]\]|(-?\d+(?:\.\d+)?)(?![\w.])|(true|false|nil)\b/y;

/**
 * Reads a Lua file that returns a table of plain values, as settings files do. A table within it is a key without value; what
 * has to be computed is a problem.
 */
export function parseLuaTable(text: string): LuaTable {
  const reader = new Reader(text);
  if (!reader.takes(/return\b/y) || !reader.takes(/\{/y)) return reader.problem('"return {"');
  const values = new Map<string, LuaValue | undefined>();
  while (!reader.takes(/\}/y)) {
    const problem = readEntry(reader, values);
    if (problem !== undefined) return reader.problem(problem);
  }
  reader.takes(/;/y);
  return reader.isAtEnd() ? { kind: 'table', values } : reader.problem('nothing more');
}

/** Gives what was expected where something else stands. */
function readEntry(reader: Reader, values: Map<string, LuaValue | undefined>): string | undefined {
  const key = reader.match(KEY);
  if (key === null || !reader.takes(/=/y)) return '"name = value"';
  const name = key[1] ?? key[2] ?? key[3] ?? '';
  if (reader.skipsTable()) values.set(name, undefined);
  else {
    const value = reader.match(VALUE);
    if (value === null) return `a plain value for ${name}`;
    if (value[5] !== 'nil') values.set(name, valueOf(value));
  }
  return reader.takes(/[,;]/y) || reader.sees(/\}/y) ? undefined : '"," or "}"';
}

function valueOf([, single, double, long, number, word]: RegExpExecArray): LuaValue {
  const text = single ?? double;
  if (text !== undefined) return text.replace(/\\(.)/g, '$1');
  if (long !== undefined) return long;
  return number === undefined ? word === 'true' : Number(number);
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Matches behind blanks and comments, and moves on where it does. */
  match(pattern: RegExp): RegExpExecArray | null {
    this.#skipBlank();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }

  takes(pattern: RegExp): boolean {
    return this.match(pattern) !== null;
  }

  sees(pattern: RegExp): boolean {
    const before = this.#at;
    const isThere = this.takes(pattern);
    this.#at = before;
    return isThere;
  }

  /** Moves over a table, whatever it holds. */
  skipsTable(): boolean {
    if (!this.takes(/\{/y)) return false;
    for (let depth = 1; depth > 0 && !this.isAtEnd(); ) {
      if (this.takes(/\{/y)) depth += 1;
      else if (this.takes(/\}/y)) depth -= 1;
      else if (!this.takes(VALUE)) this.#at += 1;
    }
    return true;
  }

  isAtEnd(): boolean {
    this.#skipBlank();
    return this.#at >= this.#text.length;
  }

  problem(expected: string): LuaTable {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    return { kind: 'problem', message: `line ${line}: expected ${expected}` };
  }

  #skipBlank(): void {
    BLANK.lastIndex = this.#at;
    BLANK.exec(this.#text);
    this.#at = BLANK.lastIndex;
  }
}
