import type { AccountName } from '../../login/account-name.ts';
import { type LineRules, parseFileName, parsePasswdLine, splitPasswdLine } from './passwd-line.ts';
import { decodeLine } from './line-text.ts';
import type { TimeSlice } from './time-slice.ts';

/** What a key of the index is. */
type KeyKind = typeof ENABLED | typeof DISABLED | typeof ALIAS;
const ENABLED = 0;
const DISABLED = 1;
const ALIAS = 2;

const NEWLINE = 0x0a;
/** Items between two looks at the clock. */
const ROUND = 64;

/** One name stands for two accounts. */
export interface DuplicateName {
  readonly name: string;
  /** Line numbers, lower one first. */
  readonly lines: readonly [number, number];
}

/**
 * Finds the line of an account by its name or an alias. It holds the file's bytes and 13 bytes for each name beside a table of
 * slots, no JavaScript object for any account: a million of them cost the garbage collector nothing.
 */
export class AccountIndex {
  readonly #bytes: Buffer;
  readonly #rules: LineRules;
  readonly #keys: KeyTable;
  /** Numbers of keys, counted from 1; 0 for free. Its length is a power of two. */
  readonly #slots: Uint32Array;

  private constructor(bytes: Buffer, rules: LineRules, keys: KeyTable) {
    this.#bytes = bytes;
    this.#rules = rules;
    this.#keys = keys;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(8, keys.size * 2))));
  }

  /** Fills the table in slices. Of names that stand for two accounts, at most `maxDuplicates` are reported. */
  static async build(
    parts: { readonly bytes: Buffer; readonly rules: LineRules; readonly keys: KeyTable },
    slice: TimeSlice,
    maxDuplicates: number,
  ): Promise<AccountIndex | readonly DuplicateName[]> {
    const index = new AccountIndex(parts.bytes, parts.rules, parts.keys);
    const duplicates: DuplicateName[] = [];
    for (let key = 0; key < parts.keys.size; key += 1) {
      if (key % ROUND === 0 && slice.isUsedUp) await slice.next();
      const duplicate = index.#insert(key);
      if (duplicate !== undefined) duplicates.push(duplicate);
      if (duplicates.length >= maxDuplicates) break;
    }
    return duplicates.length > 0 ? duplicates : index;
  }

  /** Number of accounts; aliases are not counted. */
  get accounts(): number {
    return this.#keys.accounts;
  }

  /** Number of keys: names and aliases. */
  get keys(): number {
    return this.#keys.size;
  }

  /** The line that a key stands for, where it is an account's name and `other` does not hold the very same line. */
  lineMissingIn(other: AccountIndex, key: number): string | undefined {
    if (this.#keys.kinds.get(key) === ALIAS) return undefined;
    const start = this.#keys.starts.get(key);
    const end = this.#endOf(start);
    const { hashes, kinds, starts } = other.#keys;
    const hash = this.#keys.hashes.get(key);
    const mask = other.#slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = other.#slots[at] as number;
      if (slot === 0) return decodeLine(this.#bytes, start, end);
      if (hashes.get(slot - 1) !== hash || kinds.get(slot - 1) === ALIAS) continue;
      const otherStart = starts.get(slot - 1);
      if (this.#bytes.compare(other.#bytes, otherStart, other.#endOf(otherStart), start, end) === 0) return undefined;
    }
  }

  /** The line of the account that has this name or alias, in the form in which names are compared. */
  find(name: AccountName): string | undefined {
    const hash = hashOf(name);
    const mask = this.#slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = this.#slots[at] as number;
      if (slot === 0) return undefined;
      const key = slot - 1;
      if (this.#keys.hashes.get(key) !== hash) continue;
      const line = this.#lineOf(key);
      if (this.#namesOf(line, this.#keys.kinds.get(key) as KeyKind).includes(name)) return line;
    }
  }

  /** Account names in the order of the file, in pages. */
  *pages(size: number, withDisabled: boolean): Generator<readonly AccountName[]> {
    let page: AccountName[] = [];
    for (let key = 0; key < this.#keys.size; key += 1) {
      const kind = this.#keys.kinds.get(key);
      if (kind === ALIAS || (kind === DISABLED && !withDisabled)) continue;
      page.push(...this.#namesOf(this.#lineOf(key), kind as KeyKind));
      if (page.length < size) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  #insert(key: number): DuplicateName | undefined {
    const { hashes } = this.#keys;
    const hash = hashes.get(key);
    const mask = this.#slots.length - 1;
    let at = hash & mask;
    for (let slot = this.#slots[at] as number; slot !== 0; slot = this.#slots[at] as number) {
      const other = slot - 1;
      if (hashes.get(other) === hash) {
        const name = this.#sharedName(key, other);
        if (name !== undefined) return { name, lines: [this.#keys.lines.get(other), this.#keys.lines.get(key)] };
      }
      at = (at + 1) & mask;
    }
    this.#slots[at] = key + 1;
    return undefined;
  }

  /** The name that both keys stand for; two names of one line are different, its parser has seen to that. */
  #sharedName(key: number, other: number): string | undefined {
    if (this.#keys.starts.get(key) === this.#keys.starts.get(other)) return undefined;
    const others = this.#namesOf(this.#lineOf(other), this.#keys.kinds.get(other) as KeyKind);
    return this.#namesOf(this.#lineOf(key), this.#keys.kinds.get(key) as KeyKind).find((name) => others.includes(name));
  }

  #lineOf(key: number): string {
    const start = this.#keys.starts.get(key);
    return decodeLine(this.#bytes, start, this.#endOf(start));
  }

  #endOf(start: number): number {
    const end = this.#bytes.indexOf(NEWLINE, start);
    return end < 0 ? this.#bytes.length : end;
  }

  #namesOf(line: string, kind: KeyKind): readonly AccountName[] {
    if (kind === ALIAS) {
      const entry = parsePasswdLine(line, this.#rules);
      return entry.kind === 'entry' ? entry.aliases : [];
    }
    const name = parseFileName(splitPasswdLine(line).name, this.#rules.lowerCase);
    return name === undefined ? [] : [name];
  }
}

/** The names found while a file is read, before they can be looked up. */
export class KeyTable {
  readonly starts = new Column(Uint32Array);
  readonly lines = new Column(Uint32Array);
  readonly hashes = new Column(Uint32Array);
  readonly kinds = new Column(Uint8Array);
  size = 0;
  accounts = 0;

  addAccount(name: AccountName, place: LinePlace, isDisabled: boolean): void {
    this.accounts += 1;
    this.#add(name, place, isDisabled ? DISABLED : ENABLED);
  }

  addAlias(alias: AccountName, place: LinePlace): void {
    this.#add(alias, place, ALIAS);
  }

  #add(name: AccountName, { start, line }: LinePlace, kind: KeyKind): void {
    this.starts.set(this.size, start);
    this.lines.set(this.size, line);
    this.hashes.set(this.size, hashOf(name));
    this.kinds.set(this.size, kind);
    this.size += 1;
  }
}

type Numbers = Uint32Array | Uint8Array;

const CHUNK_BITS = 14;
const CHUNK = 1 << CHUNK_BITS;

/** Numbers in chunks: one that grew by copying would hold up the event loop. */
class Column {
  readonly #chunks: Numbers[] = [];
  readonly #Chunk: new (
    length: number,
  ) => Numbers;

  constructor(chunk: new (length: number) => Numbers) {
    this.#Chunk = chunk;
  }

  get(at: number): number {
    return this.#chunks[at >>> CHUNK_BITS]?.[at & (CHUNK - 1)] ?? 0;
  }

  /** @param at an index set before, or the next one */
  set(at: number, value: number): void {
    if (at >>> CHUNK_BITS === this.#chunks.length) this.#chunks.push(new this.#Chunk(CHUNK));
    const chunk = this.#chunks[at >>> CHUNK_BITS];
    if (chunk !== undefined) chunk[at & (CHUNK - 1)] = value;
  }
}

/** Where a line is: offset of its first byte, and its number counted from 1. */
export interface LinePlace {
  readonly start: number;
  readonly line: number;
}

/** FNV-1a over UTF-16 code units with the finaliser of MurmurHash3, as an unsigned number of 32 bits. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
