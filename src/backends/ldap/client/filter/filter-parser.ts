import { contextTag, TAG } from '../ber/ber-tags.ts';
import { FilterError } from './filter-error.ts';

/** Stands in a filter's text for a value that comes later; the grammar has no other use for a bare NUL. */
export const SLOT = '\0';

const MAX_DEPTH = 50;
const ATTRIBUTE = /(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*/y;
const RULE = /[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+/y;
const PLAIN_RUN = /[^\0()*\\]+/y;
const ESCAPED_BYTE = /\\([0-9A-Fa-f]{2})/y;

const TAGS = {
  and: contextTag(0, true),
  or: contextTag(1, true),
  not: contextTag(2, true),
  equality: contextTag(3, true),
  substrings: contextTag(4, true),
  greaterOrEqual: contextTag(5, true),
  lessOrEqual: contextTag(6, true),
  present: contextTag(7),
  approximate: contextTag(8, true),
  extensible: contextTag(9, true),
} as const;

/** An element of a filter: bytes, elements within it, and the numbers of the values that are put in later. */
export interface FilterNode {
  readonly tag: number;
  readonly parts: readonly (Buffer | number | FilterNode)[];
}

type ValueParts = readonly (Buffer | number)[];

/** Reads a filter (RFC 4515). Slots are numbered in the order in which they stand. @throws {FilterError} */
export function parseFilterText(text: string): FilterNode {
  return new FilterParser(text).parse();
}

class FilterParser {
  readonly #text: string;
  #at = 0;
  #slots = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): FilterNode {
    const node = this.#filter(0);
    if (this.#at < this.#text.length) throw this.#problem('nothing may follow the filter, found more');
    return node;
  }

  #filter(depth: number): FilterNode {
    if (depth === MAX_DEPTH) throw this.#problem(`more than ${MAX_DEPTH} filters within each other`);
    this.#expect('(', 'a filter begins with "("');
    const node = this.#content(depth);
    this.#expect(')', 'a filter ends with ")"');
    return node;
  }

  #content(depth: number): FilterNode {
    if (this.#take('&')) return this.#list(TAGS.and, depth);
    if (this.#take('|')) return this.#list(TAGS.or, depth);
    if (this.#take('!')) return { tag: TAGS.not, parts: [this.#filter(depth + 1)] };
    return this.#item();
  }

  #list(tag: number, depth: number): FilterNode {
    const parts: FilterNode[] = [];
    while (this.#text[this.#at] === '(') parts.push(this.#filter(depth + 1));
    return { tag, parts };
  }

  #item(): FilterNode {
    const attribute = this.#match(ATTRIBUTE)?.[0];
    if (this.#text[this.#at] === ':') return this.#extensible(attribute);
    if (attribute === undefined) throw this.#problem('expected the name of an attribute, "&", "|" or "!"');
    if (this.#take('=')) return this.#equalityOrSubstrings(attribute);
    if (this.#take('>=')) return assertion(TAGS.greaterOrEqual, attribute, this.#wholeValue());
    if (this.#take('<=')) return assertion(TAGS.lessOrEqual, attribute, this.#wholeValue());
    if (this.#take('~=')) return assertion(TAGS.approximate, attribute, this.#wholeValue());
    throw this.#problem('expected "=", ">=", "<=", "~=" or ":=" after the name of an attribute');
  }

  #equalityOrSubstrings(attribute: string): FilterNode {
    const initial = this.#value();
    if (this.#text[this.#at] !== '*') return assertion(TAGS.equality, attribute, initial);
    const pieces: FilterNode[] = [];
    if (initial.length > 0) pieces.push({ tag: contextTag(0), parts: initial });
    while (this.#take('*')) {
      const value = this.#value();
      const isFinal = this.#text[this.#at] !== '*';
      if (value.length > 0) pieces.push({ tag: contextTag(isFinal ? 2 : 1), parts: value });
      else if (!isFinal) throw this.#problem('"*" may not follow "*"');
    }
    if (pieces.length === 0) return { tag: TAGS.present, parts: [Buffer.from(attribute)] };
    return { tag: TAGS.substrings, parts: [octets([Buffer.from(attribute)]), { tag: TAG.sequence, parts: pieces }] };
  }

  #extensible(attribute: string | undefined): FilterNode {
    const isDn = this.#take(':dn');
    const rule = this.#take(':=') ? undefined : this.#rule();
    if (attribute === undefined && rule === undefined) {
      throw this.#problem('an extensible match names an attribute or a rule');
    }
    const parts: FilterNode[] = [];
    if (rule !== undefined) parts.push({ tag: contextTag(1), parts: [Buffer.from(rule)] });
    if (attribute !== undefined) parts.push({ tag: contextTag(2), parts: [Buffer.from(attribute)] });
    parts.push({ tag: contextTag(3), parts: this.#wholeValue() });
    if (isDn) parts.push({ tag: contextTag(4), parts: [Buffer.of(0xff)] });
    return { tag: TAGS.extensible, parts };
  }

  #rule(): string {
    this.#expect(':', 'expected ":="');
    const rule = this.#match(RULE)?.[0];
    if (rule === undefined) throw this.#problem('expected the name of a matching rule');
    this.#expect(':=', 'expected ":="');
    return rule;
  }

  #wholeValue(): ValueParts {
    const value = this.#value();
    if (this.#text[this.#at] === '*') throw this.#problem('"*" is written \\2a here');
    return value;
  }

  /** A value up to the next character that is not part of one. */
  #value(): ValueParts {
    const parts: (Buffer | number)[] = [];
    for (;;) {
      const plain = this.#match(PLAIN_RUN)?.[0];
      if (plain !== undefined) parts.push(Buffer.from(plain, 'utf8'));
      else if (this.#take(SLOT)) parts.push(this.#slots++);
      else if (this.#text[this.#at] === '\\') parts.push(this.#escapedByte());
      else break;
    }
    if (this.#text[this.#at] === '(') throw this.#problem('"(" is written \\28 in a value');
    return parts;
  }

  #escapedByte(): Buffer {
    const digits = this.#match(ESCAPED_BYTE)?.[1];
    if (digits === undefined) throw this.#problem('"\\" is followed by two hexadecimal digits');
    return Buffer.from(digits, 'hex');
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    this.#at += match?.[0].length ?? 0;
    return match;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string, rule: string): void {
    if (!this.#take(text)) throw this.#problem(rule);
  }

  #problem(rule: string): FilterError {
    return new FilterError(rule, this.#at);
  }
}

function assertion(tag: number, attribute: string, value: ValueParts): FilterNode {
  return { tag, parts: [octets([Buffer.from(attribute)]), octets(value)] };
}

function octets(parts: ValueParts): FilterNode {
  return { tag: TAG.octetString, parts };
}
