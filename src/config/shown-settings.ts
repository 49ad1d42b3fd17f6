import { isDeepStrictEqual } from 'node:util';
import type { TSchema } from 'typebox';
import { factsOf, isSecret, isValueShape, type Key, shapeOf } from './setting-shape.ts';

const REDACTED = '[redacted]';

/** Settings as people may see them: a secret that stands in them is `[redacted]`, the name of its file is shown. */
export function shownSettings(settings: unknown, schema: TSchema): unknown {
  const shape = shapeOf(schema);
  if (isValueShape(shape)) return isSecret(schema) ? REDACTED : settings;
  switch (shape.kind) {
    case 'section':
      return mapKeys(settings, shape.keys, shownSettings);
    case 'mapping':
      return Object.fromEntries(
        Object.entries(settings as object).map(([name, value]) => [name, shownSettings(value, shape.values)]),
      );
    case 'list':
      return (settings as readonly unknown[]).map((item) => shownSettings(item, shape.items));
    case 'variants':
      return shownSettings(settings, variantOf(settings, shape.variants));
    case 'forms':
      return isSecret(schema) && typeof settings !== 'object' ? REDACTED : settings;
  }
}

/** Of settings, what differs from the defaults; `undefined` where nothing does. Items of lists are told apart as a whole. */
export function changedSettings(settings: unknown, schema: TSchema): unknown {
  const shape = shapeOf(schema);
  const isDefault = isDeepStrictEqual(settings, factsOf(schema).default);
  if (isValueShape(shape)) return isDefault ? undefined : settings;
  switch (shape.kind) {
    case 'section': {
      const changed = mapKeys(settings, shape.keys, changedSettings);
      return Object.keys(changed).length === 0 ? undefined : changed;
    }
    case 'variants':
      return changedSettings(settings, variantOf(settings, shape.variants));
    case 'list':
      if (isDefault) return undefined;
      return (settings as readonly unknown[]).map((item) => changedSettings(item, shape.items) ?? {});
    case 'mapping':
    case 'forms':
      return isDefault ? undefined : settings;
  }
}

function variantOf(settings: unknown, variants: ReadonlyMap<string, TSchema>): TSchema {
  return variants.get((settings as { readonly type: string }).type) ?? {};
}

/** In the order of the schema, whatever the order in the file was. */
function mapKeys(
  settings: unknown,
  keys: ReadonlyMap<string, Key>,
  map: (value: unknown, schema: TSchema) => unknown,
): Record<string, unknown> {
  const mapped: Record<string, unknown> = {};
  for (const [key, { schema }] of keys) {
    const value = (settings as Readonly<Record<string, unknown>>)[key];
    const result = value === undefined ? undefined : map(value, schema);
    if (result !== undefined) mapped[key] = result;
  }
  return mapped;
}
