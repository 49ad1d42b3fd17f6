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
const FIRST_CAPACITY = 1024;
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

  /** The line of the account that has this name or alias, in the form in which names are compared. */
  find(name: AccountName): string | undefined {
    const hash = hashOf(name);
    const mask = this.#slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = this.#slots[at] as number;
      if (slot === 0) return undefined;
      const key = slot - 1;
      if (this.#keys.hashes[key] !== hash) continue;
      const line = this.#lineOf(key);
      if (this.#namesOf(line, this.#keys.kinds[key] as KeyKind).includes(name)) return line;
    }
  }

  /** Account names in the order of the file, in pages. */
  *pages(size: number, withDisabled: boolean): Generator<readonly AccountName[]> {
    let page: AccountName[] = [];
    for (let key = 0; key < this.#keys.size; key += 1) {
      const kind = this.#keys.kinds[key];
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
    const hash = hashes[key] as number;
    const mask = this.#slots.length - 1;
    let at = hash & mask;
    for (let slot = this.#slots[at] as number; slot !== 0; slot = this.#slots[at] as number) {
      const other = slot - 1;
      if (hashes[other] === hash) {
        const name = this.#sharedName(key, other);
        if (name !== undefined)
          return { name, lines: [this.#keys.lines[other] as number, this.#keys.lines[key] as number] };
      }
      at = (at + 1) & mask;
    }
    this.#slots[at] = key + 1;
    return undefined;
  }

  /** The name that both keys stand for; two names of one line are different, its parser has seen to that. */
  #sharedName(key: number, other: number): string | undefined {
    if (this.#keys.starts[key] === this.#keys.starts[other]) return undefined;
    const others = this.#namesOf(this.#lineOf(other), this.#keys.kinds[other] as KeyKind);
    return this.#namesOf(this.#lineOf(key), this.#keys.kinds[key] as KeyKind).find((name) => others.includes(name));
  }

  #lineOf(key: number): string {
    const start = this.#keys.starts[key] as number;
    const end = this.#bytes.indexOf(NEWLINE, start);
    return decodeLine(this.#bytes, start, end < 0 ? this.#bytes.length : end);
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

/** The names found while a file is read, before they can be looked up: columns of numbers that grow by doubling. */
export class KeyTable {
  starts = new Uint32Array(FIRST_CAPACITY);
  lines = new Uint32Array(FIRST_CAPACITY);
  hashes = new Uint32Array(FIRST_CAPACITY);
  kinds = new Uint8Array(FIRST_CAPACITY);
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
    if (this.size === this.kinds.length) this.#grow();
    this.starts[this.size] = start;
    this.lines[this.size] = line;
    this.hashes[this.size] = hashOf(name);
    this.kinds[this.size] = kind;
    this.size += 1;
  }

  #grow(): void {
    const capacity = this.kinds.length * 2;
    const grown = (column: Uint32Array) => {
      const copy = new Uint32Array(capacity);
      copy.set(column);
      return copy;
    };
    this.starts = grown(this.starts);
    this.lines = grown(this.lines);
    this.hashes = grown(this.hashes);
    const kinds = new Uint8Array(capacity);
    kinds.set(this.kinds);
    this.kinds = kinds;
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
