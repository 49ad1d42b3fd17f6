import type { TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { isWithinTimers } from './amounts.ts';
import type { Position } from './config-error.ts';
import { nearestWord } from './nearest.ts';
import { factsOf, isSecret, isValueShape, type SettingShape, shapeOf, type ValueShape } from './setting-shape.ts';
import { describeAllowed, describeFound, quote } from './wording.ts';
import type { SourceNode, SourceTable, SourceValue } from './yaml-source.ts';

/** Takes down where settings stand and what is wrong with them. */
export interface SettingsRecord {
  place(path: string, position: Position): void;
  problem(path: string, position: Position, message: string): void;
}

type Shape<Kind extends SettingShape['kind']> = Extract<SettingShape, { kind: Kind }>;

/**
 * Reads a tree by its schema: checks every value, puts in the defaults, and records every problem there is. The value is sound
 * where no problem was recorded; else parts of it are `undefined`.
 */
export function readSettings(root: SourceNode, schema: TSchema, record: SettingsRecord): unknown {
  return new SettingsReader(record).read(root, schema, '');
}

class SettingsReader {
  readonly #record: SettingsRecord;

  constructor(record: SettingsRecord) {
    this.#record = record;
  }

  read(node: SourceNode, schema: TSchema, path: string): unknown {
    this.#record.place(path, node.position);
    if (node.kind === 'broken') return this.#refuse(path, node, node.message);
    const shape = shapeOf(schema);
    if (isValueShape(shape)) return this.#readValue(node, schema, path);
    switch (shape.kind) {
      case 'section':
        return this.#readSection(node, shape, schema, path);
      case 'variants':
        return this.#readVariant(node, shape, schema, path);
      case 'mapping':
        return this.#readMapping(node, shape, schema, path);
      case 'list':
        return this.#readList(node, shape, schema, path);
      case 'forms':
        return this.#readForm(node, shape, schema, path);
    }
  }

  #readSection(node: SourceNode, { keys }: Shape<'section'>, schema: TSchema, path: string): unknown {
    const table = asTable(node);
    if (table === undefined) return this.#mismatch(node, schema, path);
    const settings: Record<string, unknown> = {};
    const given = new Set<string>();
    for (const { key, keyPosition, value } of table.entries) {
      const known = keys.get(key);
      given.add(key);
      if (known === undefined) this.#refuseKey(key, keyPosition, [...keys.keys()], path);
      else settings[key] = this.read(value, known.schema, join(path, key));
    }
    for (const [key, { schema: own, isRequired }] of keys) {
      if (given.has(key)) continue;
      if (isRequired) this.#refuse(join(path, key), table, `is missing; needed: ${describeAllowed(own)}`);
      else if (factsOf(own).default !== undefined) settings[key] = this.#readDefault(own, join(path, key));
    }
    return settings;
  }

  #readDefault(schema: TSchema, path: string): unknown {
    const shape = shapeOf(schema);
    if (shape.kind !== 'section') return structuredClone(factsOf(schema).default);
    const absent: SourceTable = { kind: 'table', entries: [], position: NOWHERE };
    return this.#readSection(absent, shape, schema, path);
  }

  #readVariant(node: SourceNode, { variants }: Shape<'variants'>, schema: TSchema, path: string): unknown {
    if (node.kind !== 'table') return this.#mismatch(node, schema, path);
    const types = [...variants.keys()];
    const entry = node.entries.find(({ key }) => key === 'type');
    const typePath = join(path, 'type');
    if (entry === undefined) {
      const [only] = types.length === 1 ? [variants.get(types[0] ?? '')] : [];
      if (only !== undefined) return this.read(node, only, path);
      return this.#refuse(typePath, node, `is missing; needed: one of ${types.join(', ')}`);
    }
    const type = entry.value.kind === 'value' ? entry.value.value : undefined;
    const variant = typeof type === 'string' ? variants.get(type) : undefined;
    if (variant !== undefined) return this.read(node, variant, path);
    return this.#refuseWord(entry.value, { enum: types }, typePath, types);
  }

  #readMapping(node: SourceNode, shape: Shape<'mapping'>, schema: TSchema, path: string): unknown {
    const table = asTable(node);
    if (table === undefined) return this.#mismatch(node, schema, path);
    const pattern = new RegExp(shape.namePattern, 'u');
    const settings: [string, unknown][] = [];
    for (const { key, keyPosition, value } of table.entries) {
      if (pattern.test(key)) settings.push([key, this.read(value, shape.values, join(path, key))]);
      else this.#record.problem(path, keyPosition, `${quote(key)} cannot be a name here`);
    }
    return Object.fromEntries(settings);
  }

  #readList(node: SourceNode, { items }: Shape<'list'>, schema: TSchema, path: string): unknown {
    if (node.kind !== 'list') return this.#mismatch(node, schema, path);
    const { minItems = 0, uniqueItems = false } = factsOf(schema);
    if (node.items.length < minItems) this.#refuse(path, node, `is empty; needed: ${describeAllowed(schema)}`);
    const seen = new Set<unknown>();
    return node.items.map((item, i) => {
      const value = this.read(item, items, `${path}[${i}]`);
      if (uniqueItems && value !== undefined && seen.has(value))
        this.#refuse(`${path}[${i}]`, item, `${describeFound(item, items)} is there twice`);
      seen.add(value);
      return value;
    });
  }

  #readForm(node: SourceNode, { forms }: Shape<'forms'>, schema: TSchema, path: string): unknown {
    const form = forms.find((candidate) => fits(node, candidate));
    if (form === undefined) return this.#mismatch(node, schema, path);
    const isHidden = isSecret(schema) && shapeOf(form).kind === 'section';
    if (isHidden && asTable(node)?.entries.some(({ key }) => key !== 'file') === true)
      return this.#refuse(path, node, `found a table with other keys; allowed: ${describeAllowed(schema)}`);
    return this.read(node, form, path);
  }

  #readValue(node: SourceNode, schema: TSchema, path: string): unknown {
    if (node.kind !== 'value') return this.#mismatch(node, schema, path);
    const value = typed(node, schema);
    const shape = shapeOf(schema);
    if (!Check(schema, value)) {
      if (shape.kind !== 'words') return this.#mismatch(node, schema, path);
      return this.#refuseWord(node, schema, path, shape.words.map(String));
    }
    if (factsOf(schema)['x-secret'] === 'environment' && !isOneVariable(node))
      return this.#refuse(path, node, SECRET_IN_FILE);
    if (factsOf(schema)['x-form']?.startsWith('duration') === true && !isWithinTimers(String(value)))
      return this.#refuse(path, node, `found ${describeFound(node, schema)}; allowed: at most 24d`);
    return value;
  }

  #mismatch(node: SourceNode, schema: TSchema, path: string): undefined {
    return this.#refuse(path, node, `found ${describeFound(node, schema)}; allowed: ${describeAllowed(schema)}`);
  }

  #refuseWord(node: SourceNode, schema: TSchema, path: string, words: readonly string[]): undefined {
    const isWritten = node.kind === 'value' && typeof node.value === 'string' && node.written === undefined;
    const nearest = isWritten ? nearestWord(String(node.value), words) : undefined;
    const message = `found ${describeFound(node, schema)}; allowed: ${describeAllowed(schema)}`;
    return this.#refuse(path, node, message + guess(nearest));
  }

  #refuseKey(key: string, position: Position, known: readonly string[], path: string): void {
    const message = `unknown key; allowed: ${known.join(', ')}${guess(nearestWord(key, known))}`;
    this.#record.problem(join(path, key), position, message);
  }

  #refuse(path: string, { position }: { readonly position: Position }, message: string): undefined {
    this.#record.problem(path, position, message);
    return undefined;
  }
}

const NOWHERE: Position = { line: 0, column: 0 };
const SECRET_IN_FILE = 'a secret is not written into this file; give its file as { file: PATH }, or "${NAME}"';

function guess(nearest: string | undefined): string {
  return nearest === undefined ? '' : `; did you mean ${quote(nearest)}?`;
}

/** A section whose lines are all commented out is an empty one. */
function asTable(node: SourceNode): SourceTable | undefined {
  if (node.kind === 'table') return node;
  if (node.kind !== 'value' || node.value !== null) return undefined;
  return { kind: 'table', entries: [], position: node.position };
}

function fits(node: SourceNode, form: TSchema): boolean {
  const shape = shapeOf(form);
  if (isValueShape(shape)) return node.kind === 'value' && fitsValue(typed(node, form), shape);
  switch (shape.kind) {
    case 'section':
    case 'variants':
    case 'mapping':
      return node.kind === 'table';
    case 'list':
      return node.kind === 'list';
    case 'forms':
      return shape.forms.some((inner) => fits(node, inner));
  }
}

function fitsValue(value: unknown, shape: ValueShape): boolean {
  switch (shape.kind) {
    case 'words':
      return shape.words.some((word) => word === value);
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'flag':
      return typeof value === 'boolean';
  }
}

const WHOLE_NUMBER = /^-?[0-9]{1,15}$/;

/** The environment has texts only: one of its values is a number, `true` or `false` where such a value is wanted. */
function typed({ value, written }: SourceValue, schema: TSchema): unknown {
  if (written === undefined || typeof value !== 'string') return value;
  const shape = shapeOf(schema);
  const isFlag =
    shape.kind === 'flag' || (shape.kind === 'words' && shape.words.some((word) => typeof word === 'boolean'));
  if (isFlag && (value === 'true' || value === 'false')) return value === 'true';
  return shape.kind === 'number' && WHOLE_NUMBER.test(value) ? Number(value) : value;
}

const ONE_VARIABLE = /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/;

function isOneVariable({ written }: SourceValue): boolean {
  return written !== undefined && ONE_VARIABLE.test(written);
}

/** The path of a setting below another. */
export function join(path: string, key: string): string {
  if (path === '' || key === '' || key.startsWith('[')) return path + key;
  return `${path}.${key}`;
}
