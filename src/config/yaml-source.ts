/**
 * A configuration file as a tree of tables, lists and values that know where they stand. All that is particular to YAML ends
 * here: syntax, anchors, tags, the position of things.
 *
 * @module
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Position } from './config-error.ts';
import { substituteEnvironment } from './environment.ts';
import { describeYamlError } from './yaml-messages.ts';

export type SourceNode = SourceTable | SourceList | SourceValue | SourceBroken;

export interface SourceTable {
  readonly kind: 'table';
  readonly entries: readonly { readonly key: string; readonly keyPosition: Position; readonly value: SourceNode }[];
  readonly position: Position;
}

interface SourceList {
  readonly kind: 'list';
  readonly items: readonly SourceNode[];
  readonly position: Position;
}

export interface SourceValue {
  readonly kind: 'value';
  readonly value: string | number | boolean | null;
  /** The text as it is in the file, where parts of it were taken from the environment. */
  readonly written: string | undefined;
  readonly position: Position;
}

/** A value that could not be made, for a reason that has nothing to do with what it is for. */
interface SourceBroken {
  readonly kind: 'broken';
  readonly message: string;
  readonly position: Position;
}

/** Something wrong with the file before any setting was looked at. */
interface SourceProblem extends Position {
  readonly message: string;
}

export type ParsedSource =
  | { readonly kind: 'tree'; readonly root: SourceNode }
  | { readonly kind: 'problems'; readonly problems: readonly SourceProblem[] };

const MAX_DEPTH = 32;
const MAX_NODES = 50_000;
const MAX_ALIASES = 100;
const MAX_ERRORS = 10;
const START: Position = { line: 1, column: 1 };

/** Parses a file. Never throws. */
export function parseYamlSource(text: string, env: NodeJS.ProcessEnv): ParsedSource {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      logLevel: 'error',
    });
    const reader = new TreeReader(document, lines, env);
    const wrong = [...document.errors, ...document.warnings];
    if (wrong.length === 0) return { kind: 'tree', root: reader.read(document.contents, START, 0) };
    return { kind: 'problems', problems: describeErrors(wrong, reader, text.split('\n')) };
  } catch (cause) {
    return { kind: 'problems', problems: [describeFailure(cause)] };
  }
}

/** The first few only: what follows a mistake is often its consequence. */
function describeErrors(
  errors: readonly YAMLError[],
  reader: TreeReader,
  textLines: readonly string[],
): SourceProblem[] {
  const problems = new Map<string, SourceProblem>();
  for (const { code, pos } of errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const position = reader.positionOf(pos[0]);
    const message = describeYamlError(code, textLines[position.line - 1] ?? '');
    const key = `${position.line} ${message}`;
    if (!problems.has(key)) problems.set(key, { ...position, message });
    if (problems.size === MAX_ERRORS) break;
  }
  return [...problems.values()];
}

/** The parser gives up by exceptions on what nobody writes by hand, such as ten thousand brackets. */
function describeFailure(cause: unknown): SourceProblem {
  if (cause instanceof TooMuchError) return { ...cause.position, message: cause.message };
  const message = cause instanceof RangeError ? 'is nested too deeply' : 'cannot be read as YAML';
  return { ...START, message };
}

class TooMuchError extends Error {
  readonly position: Position;

  constructor(message: string, position: Position) {
    super(message);
    this.position = position;
  }
}

class TreeReader {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #env: NodeJS.ProcessEnv;
  #nodes = 0;
  #aliases = 0;

  constructor(document: Document, lines: LineCounter, env: NodeJS.ProcessEnv) {
    this.#document = document;
    this.#lines = lines;
    this.#env = env;
  }

  positionOf(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** @param place where to point for what has no place of its own: its key, or the alias that leads to it */
  read(node: unknown, place: Position, depth: number): SourceNode {
    this.#nodes += 1;
    if (depth > MAX_DEPTH) throw new TooMuchError('is nested too deeply, or an alias leads to itself', place);
    if (this.#nodes > MAX_NODES) throw new TooMuchError('the file is too large', place);
    if (isAlias(node)) return this.#readAlias(node, place, depth);
    if (isMap(node)) return this.#readTable(node, place, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.read(item, this.#startOf(item, place), depth + 1));
      return { kind: 'list', items, position: place };
    }
    if (!isScalar(node) || node.value === null)
      return { kind: 'value', value: null, written: undefined, position: place };
    return this.#readValue(node.value, this.#startOf(node, place));
  }

  #startOf(node: unknown, place: Position): Position {
    return isNode(node) && node.range ? this.positionOf(node.range[0]) : place;
  }

  #readAlias(alias: Alias, place: Position, depth: number): SourceNode {
    this.#aliases += 1;
    if (this.#aliases > MAX_ALIASES) throw new TooMuchError(`there are more than ${MAX_ALIASES} aliases`, place);
    const target = alias.resolve(this.#document);
    if (target === undefined) return { kind: 'broken', message: describeYamlError('BAD_ALIAS', ''), position: place };
    return this.read(target, place, depth + 1);
  }

  #readTable(map: YAMLMap, position: Position, depth: number): SourceTable {
    const entries = map.items.map(({ key, value }) => {
      const keyPosition = this.#startOf(key, position);
      const text = isScalar(key) ? String(key.value) : '';
      return { key: text, keyPosition, value: this.read(value, keyPosition, depth + 1) };
    });
    return { kind: 'table', entries, position };
  }

  #readValue(value: unknown, position: Position): SourceNode {
    if (typeof value === 'number' || typeof value === 'boolean')
      return { kind: 'value', value, written: undefined, position };
    const written = String(value);
    const substitution = substituteEnvironment(written, this.#env);
    if (substitution.kind === 'problem') return { kind: 'broken', message: substitution.message, position };
    const { text, isSubstituted } = substitution;
    return { kind: 'value', value: text, written: isSubstituted ? written : undefined, position };
  }
}
