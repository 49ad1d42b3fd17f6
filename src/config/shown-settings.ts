import { isDeepStrictEqual } from 'node:util';
import type { TSchema } from 'typebox';
import { factsOf, isSecret, isValueShape, shapeOf } from './setting-shape.ts';

const REDACTED = '[redacted]';

/** Settings as people may see them: a secret that stands in them is `[redacted]`, the name of its file is shown. */
export function shownSettings(settings: unknown, schema: TSchema): unknown {
  if (settings === undefined) return undefined;
  const shape = shapeOf(schema);
  if (isValueShape(shape)) return isSecret(schema) ? REDACTED : settings;
  switch (shape.kind) {
    case 'section':
      return mapEntries(settings, (value, key) => {
        const own = shape.keys.get(key)?.schema;
        return own === undefined ? undefined : shownSettings(value, own);
      });
    case 'mapping':
      return mapEntries(settings, (value) => shownSettings(value, shape.values));
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
      const changed = mapEntries(settings, (value, key) => {
        const own = shape.keys.get(key)?.schema;
        return own === undefined ? undefined : changedSettings(value, own);
      });
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

function mapEntries(settings: unknown, map: (value: unknown, key: string) => unknown): Record<string, unknown> {
  const mapped = Object.entries(settings as object).map(([key, value]) => [key, map(value, key)] as const);
  return Object.fromEntries(mapped.filter(([, value]) => value !== undefined));
}
