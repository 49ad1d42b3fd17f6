/**
 * What OpenAPI 3.1 demands of a document, as far as this one uses it: required and allowed members (specification 4.8), that
 * references lead somewhere, that names are unique and paths have their parameters.
 *
 * @module
 */
import assert from 'node:assert/strict';

export type Json = { readonly [key: string]: unknown };

/** Members of objects: required ones, and others that may be there. */
const MEMBERS = {
  document: [
    ['openapi', 'info', 'paths'],
    ['jsonSchemaDialect', 'servers', 'components', 'tags'],
  ],
  info: [
    ['title', 'version'],
    ['description', 'license'],
  ],
  operation: [
    ['responses', 'operationId'],
    ['tags', 'summary', 'description', 'parameters', 'requestBody', 'security'],
  ],
  parameter: [
    ['name', 'in', 'schema'],
    ['description', 'required'],
  ],
  requestBody: [['content'], ['required', 'description']],
  response: [['description'], ['headers', 'content']],
  header: [['schema'], ['description', 'required']],
  media: [['schema'], []],
  components: [[], ['schemas', 'headers', 'parameters', 'responses', 'securitySchemes']],
} as const satisfies Readonly<Record<string, readonly [readonly string[], readonly string[]]>>;

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  http: ['scheme'],
  mutualTLS: [],
  apiKey: ['name', 'in'],
};
const TYPES = new Set(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']);

/** An object of JSON, or a failure that says where it should be. */
export function asObject(value: unknown, where: string): Json {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `${where} must be an object`);
  return value as Json;
}

/** What a reference within the document leads to; anything else is given back. */
export function resolved(document: Json, value: unknown): Json {
  const object = asObject(value, 'what is referred to');
  const { $ref: ref } = object;
  if (typeof ref !== 'string') return object;
  assert.match(ref, /^#\//, ref);
  let found: unknown = document;
  for (const part of ref.slice(2).split('/'))
    found = asObject(found, ref)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  return resolved(document, asObject(found, ref));
}

/** @throws {assert.AssertionError} naming the first place that is not as it must be */
export function checkDocument(document: Json): void {
  members(document, 'document', 'the document');
  assert.match(String(document['openapi']), /^3\.1\.\d+$/);
  members(asObject(document['info'], 'info'), 'info', 'info');
  const components = asObject(document['components'], 'components');
  members(components, 'components', 'components');
  for (const [kind, named] of Object.entries(components))
    for (const name of Object.keys(asObject(named, kind))) assert.match(name, /^[a-zA-Z0-9._-]+$/, `${kind} ${name}`);
  checkSecuritySchemes(asObject(components['securitySchemes'], 'securitySchemes'));
  for (const [name, schema] of Object.entries(asObject(components['schemas'], 'schemas')))
    checkSchema(document, schema, `components.schemas.${name}`);
  checkPaths(document);
  checkReferences(document, document);
}

function checkPaths(document: Json): void {
  const ids = new Set<string>();
  const templates = new Set<string>();
  for (const [path, item] of Object.entries(asObject(document['paths'], 'paths'))) {
    assert.match(path, /^\//);
    const template = path.replace(/\{[^}]*\}/g, '{}');
    assert.ok(!templates.has(template), `${path} stands twice`);
    templates.add(template);
    for (const [method, operation] of Object.entries(asObject(item, path))) {
      assert.ok(METHODS.includes(method), `${path}: ${method} is no method`);
      checkOperation(document, asObject(operation, path), `${method} ${path}`);
      const { operationId: id } = operation as Json;
      assert.ok(typeof id === 'string' && !ids.has(id), `${path}: ${String(id)} is not unique`);
      ids.add(id);
    }
  }
}

function checkOperation(document: Json, operation: Json, where: string): void {
  members(operation, 'operation', where);
  const seen = new Set<string>();
  for (const one of (operation['parameters'] ?? []) as readonly unknown[]) {
    const parameter = resolved(document, one);
    const { name, in: place, required, schema } = parameter;
    members(parameter, 'parameter', `${where} ${String(name)}`);
    assert.ok(['query', 'path', 'header', 'cookie'].includes(String(place)), `${where}: ${String(place)}`);
    assert.ok(place !== 'path' || required === true, `${where}: a parameter of the path is required`);
    assert.ok(!seen.has(`${String(place)} ${String(name)}`), `${where}: ${String(name)} stands twice`);
    seen.add(`${String(place)} ${String(name)}`);
    checkSchema(document, schema, `${where} ${String(name)}`);
  }
  const inPath = [...where.matchAll(/\{([^}]*)\}/g)].map(([, name]) => `path ${name}`);
  assert.deepEqual([...seen].filter((one) => one.startsWith('path ')).sort(), inPath.sort(), where);
  if (operation['requestBody'] !== undefined) {
    const body = resolved(document, operation['requestBody']);
    members(body, 'requestBody', where);
    checkContent(document, body['content'], where);
  }
  const responses = asObject(operation['responses'], where);
  assert.ok(Object.keys(responses).length > 0, `${where} has no answer`);
  for (const [status, one] of Object.entries(responses)) {
    assert.match(status, /^([1-5]\d\d|default)$/, where);
    checkResponse(document, resolved(document, one), `${where} ${status}`);
  }
  const schemes = asObject(asObject(document['components'], 'components')['securitySchemes'], 'securitySchemes');
  for (const choice of (operation['security'] ?? []) as readonly Json[])
    for (const name of Object.keys(choice)) assert.ok(name in schemes, `${where}: ${name} is no scheme`);
}

function checkResponse(document: Json, response: Json, where: string): void {
  members(response, 'response', where);
  for (const [name, one] of Object.entries(asObject(response['headers'] ?? {}, where))) {
    const header = resolved(document, one);
    members(header, 'header', `${where} ${name}`);
    checkSchema(document, header['schema'], `${where} ${name}`);
  }
  if (response['content'] !== undefined) checkContent(document, response['content'], where);
}

function checkContent(document: Json, content: unknown, where: string): void {
  for (const [type, media] of Object.entries(asObject(content, where))) {
    assert.match(type, /^[a-z]+\/[a-z0-9.+-]+$/, where);
    members(asObject(media, where), 'media', `${where} ${type}`);
    checkSchema(document, (media as Json)['schema'], `${where} ${type}`);
  }
}

function checkSecuritySchemes(schemes: Json): void {
  for (const [name, scheme] of Object.entries(schemes)) {
    const { type } = asObject(scheme, name);
    const required = SCHEMES[String(type)];
    assert.ok(required !== undefined, `${name}: ${String(type)} is no type of scheme`);
    for (const member of required) assert.ok(member in (scheme as Json), `${name} needs ${member}`);
  }
}

/** Members of a schema that hold schemas. */
function* innerSchemas(schema: Json): Generator<unknown> {
  for (const key of ['properties', 'patternProperties']) yield* Object.values((schema[key] ?? {}) as Json);
  for (const key of ['anyOf', 'oneOf', 'allOf', 'prefixItems']) yield* (schema[key] ?? []) as readonly unknown[];
  for (const key of ['items', 'additionalProperties', 'not']) if (schema[key] !== undefined) yield schema[key];
  if (Array.isArray(schema['items'])) assert.fail('items is a schema; a tuple has prefixItems');
}

function checkSchema(document: Json, value: unknown, where: string): void {
  if (typeof value === 'boolean') return;
  const schema = asObject(value, where);
  if (typeof schema['$ref'] === 'string') {
    resolved(document, schema);
    return;
  }
  for (const type of textsOf(schema['type'])) assert.ok(TYPES.has(type), `${where}: ${type}`);
  const properties = Object.keys((schema['properties'] ?? {}) as Json);
  for (const name of (schema['required'] ?? []) as readonly string[])
    assert.ok(properties.includes(name), `${where}: ${name} is required and not described`);
  for (const pattern of textsOf(schema['pattern'])) new RegExp(pattern, 'u');
  for (const inner of innerSchemas(schema)) checkSchema(document, inner, where);
}

/** One text, or several. */
function textsOf(value: unknown): readonly string[] {
  const texts: readonly unknown[] = value === undefined ? [] : [value].flat();
  return texts.map((text) => {
    assert.equal(typeof text, 'string');
    return text as string;
  });
}

function checkReferences(document: Json, value: unknown): void {
  if (Array.isArray(value)) for (const one of value) checkReferences(document, one);
  else if (typeof value === 'object' && value !== null) {
    if (typeof (value as Json)['$ref'] === 'string') resolved(document, value);
    for (const one of Object.values(value)) checkReferences(document, one);
  }
}

function members(object: Json, kind: keyof typeof MEMBERS, where: string): void {
  const [required, others]: readonly [readonly string[], readonly string[]] = MEMBERS[kind];
  for (const name of required) assert.ok(name in object, `${where} needs ${name}`);
  for (const name of Object.keys(object))
    assert.ok(required.includes(name) || others.includes(name), `${where} must not have ${name}`);
}
