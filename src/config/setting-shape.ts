import type { TSchema } from 'typebox';

/** The parts of a schema that say something about a setting. */
export interface SettingFacts {
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly 'x-form'?: string;
  readonly 'x-secret'?: 'hash' | 'environment';
}

interface RawSchema extends SettingFacts {
  readonly type?: string;
  readonly const?: string | boolean;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly TSchema[];
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly items?: TSchema;
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
}

/** What kind of setting a schema describes. */
export type SettingShape =
  | { readonly kind: 'section'; readonly keys: ReadonlyMap<string, Key> }
  | { readonly kind: 'list'; readonly items: TSchema }
  /** Any names, each with a value of the same schema. */
  | { readonly kind: 'mapping'; readonly namePattern: string; readonly values: TSchema }
  /** Sections told apart by the word under `type`. */
  | { readonly kind: 'variants'; readonly variants: ReadonlyMap<string, TSchema> }
  /** Schemas told apart by the kind of value. */
  | { readonly kind: 'forms'; readonly forms: readonly TSchema[] }
  /** Nothing but these. */
  | { readonly kind: 'words'; readonly words: readonly (string | boolean)[] }
  | { readonly kind: 'text' }
  | { readonly kind: 'number' }
  | { readonly kind: 'flag' };

/** A setting that is one value. */
export type ValueShape = Extract<SettingShape, { kind: 'words' | 'text' | 'number' | 'flag' }>;

export function isValueShape(shape: SettingShape): shape is ValueShape {
  return shape.kind === 'words' || shape.kind === 'text' || shape.kind === 'number' || shape.kind === 'flag';
}

export interface Key {
  readonly schema: TSchema;
  /** Must be in the file: it is neither optional nor has it a default. */
  readonly isRequired: boolean;
}

export function factsOf(schema: TSchema): SettingFacts {
  return schema as RawSchema;
}

const TYPE_KEY = 'type';

/** @throws {TypeError} for a schema that no setting has; the schemas are part of the program, so that is a mistake in it */
export function shapeOf(schema: TSchema): SettingShape {
  const raw = schema as RawSchema;
  if (raw.anyOf !== undefined) return shapeOfUnion(raw.anyOf);
  if (raw.enum !== undefined) return { kind: 'words', words: raw.enum };
  if (raw.const !== undefined) return { kind: 'words', words: [raw.const] };
  switch (raw.type) {
    case 'object':
      return shapeOfObject(raw);
    case 'array':
      return { kind: 'list', items: raw.items ?? {} };
    case 'string':
      return { kind: 'text' };
    case 'integer':
      return { kind: 'number' };
    case 'boolean':
      return { kind: 'flag' };
    case undefined:
    default:
      throw new TypeError(`no setting can have the type ${raw.type}`);
  }
}

function shapeOfObject(raw: RawSchema): SettingShape {
  if (raw.properties === undefined) {
    const [[namePattern, values] = ['^.*$', {}]] = Object.entries(raw.patternProperties ?? {});
    return { kind: 'mapping', namePattern, values };
  }
  const keys = Object.entries(raw.properties).map(([key, schema]): [string, Key] => {
    const isRequired = raw.required?.includes(key) === true && factsOf(schema).default === undefined;
    return [key, { schema, isRequired }];
  });
  return { kind: 'section', keys: new Map(keys) };
}

function shapeOfUnion(branches: readonly TSchema[]): SettingShape {
  const variants = new Map<string, TSchema>();
  for (const branch of branches) {
    const type = (branch as RawSchema).properties?.[TYPE_KEY] as RawSchema | undefined;
    if (typeof type?.const === 'string') variants.set(type.const, branch);
  }
  if (variants.size === branches.length) return { kind: 'variants', variants };
  return { kind: 'forms', forms: branches };
}

/** True where the setting, or one of the forms it can have, is a secret. */
export function isSecret(schema: TSchema): boolean {
  if (factsOf(schema)['x-secret'] !== undefined) return true;
  const shape = shapeOf(schema);
  return shape.kind === 'forms' && shape.forms.some((form) => factsOf(form)['x-secret'] !== undefined);
}
