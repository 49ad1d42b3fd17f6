import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { parse } from 'yaml';
import { nearestWord } from './nearest.ts';
import { readSettings } from './read-settings.ts';
import { renderJsonSchema } from './reference/json-schema.ts';
import { renderReference } from './reference/markdown.ts';
import { SettingsSchema } from './schema.ts';
import { factsOf, isValueShape, shapeOf } from './setting-shape.ts';
import { parseYamlSource } from './yaml-source.ts';

/** Every schema within a schema, with its path. */
function* allSchemas(schema: TSchema, path: string): Generator<readonly [string, TSchema]> {
  yield [path, schema];
  const shape = shapeOf(schema);
  if (isValueShape(shape)) return;
  switch (shape.kind) {
    case 'section':
      for (const [key, { schema: own }] of shape.keys) yield* allSchemas(own, `${path}.${key}`);
      return;
    case 'list':
      yield* allSchemas(shape.items, `${path}[]`);
      return;
    case 'mapping':
      yield* allSchemas(shape.values, `${path}{}`);
      return;
    case 'variants':
      for (const [type, variant] of shape.variants) yield* allSchemas(variant, `${path}(${type})`);
      return;
    case 'forms':
      for (const [i, form] of shape.forms.entries()) yield* allSchemas(form, `${path}|${i}`);
  }
}

const schemas = [...allSchemas(SettingsSchema, '')];

test('every setting says what it is for', () => {
  const silent = schemas.filter(([, schema]) => shapeOf(schema).kind !== 'variants' && !factsOf(schema).description);

  assert(schemas.length > 50);
  assert.deepEqual(
    silent.map(([path]) => path),
    [],
  );
});

test('every default and example is one that the schema allows', () => {
  for (const [path, schema] of schemas) {
    const { default: value, examples = [] } = factsOf(schema);
    if (value !== undefined && shapeOf(schema).kind !== 'section') assert(Check(schema, value), `default of ${path}`);
    for (const example of examples)
      assert.deepEqual(read(JSON.stringify(example), schema).problems, [], `example of ${path}`);
  }
});

test('every setting has a kind that messages have words for', () => {
  for (const [path, schema] of schemas) assert.doesNotThrow(() => shapeOf(schema), path);
});

function read(text: string, schema: TSchema = SettingsSchema): { settings: unknown; problems: string[] } {
  const source = parseYamlSource(text, {});
  assert(source.kind === 'tree');
  const problems: string[] = [];
  const settings = readSettings(source.root, schema, {
    place: () => {},
    problem: (path, _position, message) => problems.push(`${path}: ${message}`),
  });
  return { settings, problems };
}

test('what is read without a problem is what the schema says', () => {
  const word = fc.constantFrom<unknown>(
    'a',
    'file',
    '{SSHA}x',
    '127.0.0.1',
    '10s',
    '1KiB',
    'auto',
    'info',
    1,
    0,
    true,
    -1,
  );
  const value = fc.oneof(word, fc.array(fc.oneof(word, fc.constantFrom('list', 'admin')), { maxLength: 3 }));
  const record = (keys: readonly string[]) => fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: keys.length });
  const tls = fc.record({ certificate: word, key: word }, { requiredKeys: [] });
  const tree = fc.record({
    listeners: fc.array(fc.oneof(fc.record({ port: word, tls }, { requiredKeys: [] }), value), { maxLength: 2 }),
    callers: fc.array(record(['name', 'secret', 'scopes', 'networks']), { maxLength: 2 }),
    backends: fc.array(record(['type', 'name', 'path', 'attributes']), { maxLength: 2 }),
    log: record(['level', 'names']),
    passwords: record(['concurrency', 'queue']),
  });
  let sound = 0;
  fc.assert(
    fc.property(tree, (settings) => {
      const { settings: whole, problems } = read(JSON.stringify(settings));
      if (problems.length === 0) sound += 1;
      assert.equal(Check(SettingsSchema, whole), problems.length === 0, problems.join('\n'));
    }),
    { numRuns: 3000, examples: [[GOOD]] },
  );
  assert(sound > 0);
});

const GOOD = {
  listeners: [{ port: 1 }],
  callers: [{ name: 'a', secret: '{SSHA}x', scopes: ['list'] }],
  backends: [{ type: 'file', name: 'a', path: 'a' }],
  log: {},
  passwords: {},
};

test('the schema for editors takes the example, and texts with variables where it takes numbers and words', () => {
  const schema = JSON.parse(renderJsonSchema(SettingsSchema)) as TSchema;
  const example: unknown = parse(readFileSync(new URL('../../examples/nauthilus.yaml', import.meta.url), 'utf8'));

  assert.deepEqual(Errors(schema, example), []);
  assert.deepEqual(Errors(schema, { ...GOOD, log: { level: '${LEVEL}' }, listeners: [{ port: '${PORT:-1}' }] }), []);
  assert(!Check(schema, { ...GOOD, log: { level: 'loud' } }));
  assert(!Check(schema, { ...GOOD, logs: {} }));
});

test('the reference has a row for every key and names no type of the program', () => {
  const text = renderReference(SettingsSchema);

  for (const [path] of schemas.filter(([, schema]) => isValueShape(shapeOf(schema)))) {
    const key = /\.([a-z_]+)$/.exec(path)?.[1];
    if (key !== undefined && !path.includes('|')) assert(text.includes(`\n| \`${key}\` | `), path);
  }
  assert(!/undefined|\[object|null/.test(text));
});

test('guesses the nearest word, and none where nothing is near', () => {
  const words = ['authenticate', 'lookup', 'list', 'admin', 'idle_timeout'];
  for (const [written, nearest] of [
    ['authentciate', 'authenticate'],
    ['look-up', 'lookup'],
    ['LIST', 'list'],
    ['lst', 'list'],
    ['admins', 'admin'],
    ['idle-timeout', 'idle_timeout'],
    ['x', undefined],
    ['', undefined],
    ['zzzzzz', undefined],
    ['l'.repeat(100), undefined],
  ] as const) {
    assert.equal(nearestWord(written, words), nearest, written);
  }
});
