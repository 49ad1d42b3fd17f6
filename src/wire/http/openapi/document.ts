/**
 * The description of the interface by OpenAPI 3.1, made from what doors say of themselves. Schemas that have a name (`$id`) and
 * headers stand among the components, and are referred to.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises';
import type { TSchema } from 'typebox';
import type {
  Access,
  AnswerShape,
  Bodies,
  HeaderShape,
  Method,
  Operation,
  Operations,
  Parameter,
} from './operation.ts';
import type { JsonValue } from './yaml-text.ts';

export type JsonMap = { [key: string]: JsonValue };

export interface DocumentParts {
  readonly version: string;
  readonly operations: Operations;
  /** The paths of the doors that are there. */
  readonly paths: Iterable<string>;
}

/** How callers can prove who they are; one of these is enough. */
const CALLER_SCHEMES = ['callerSecret', 'callerToken', 'callerCertificate'] as const;
const USER_SCHEME = 'mailUser';

const SECURITY_SCHEMES: JsonMap = {
  callerSecret: {
    type: 'http',
    scheme: 'basic',
    description: 'Name and secret of a caller (RFC 7617), in UTF-8. Scopes of callers are set in the configuration.',
  },
  callerToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A signed token that names a caller (RFC 6750), where the configuration has keys for such.',
  },
  callerCertificate: {
    type: 'mutualTLS',
    description: 'The certificate of the connection, where the configuration has callers that prove themselves so.',
  },
  [USER_SCHEME]: { type: 'http', scheme: 'basic', description: "The mail user's own name and password." },
};

const DESCRIPTION = [
  'Mail servers, called *callers*, ask about logins of mail users; operators ask what the service does and tell it to forget.',
  'Every answer below `/api/v1` carries `X-Nauthilus-Session`, and those about logins `Auth-Status`, errors of HTTP itself included.',
  'Only 200 and 403 answer the question of a login; a mail server takes everything else as a temporary failure.',
  'Requests to other paths are 404, other methods 405 with `Allow`. Answers are never to be cached.',
].join('\n');

/** Makes the description of the doors that are there; those that say nothing of themselves are left out. */
export async function openApiDocument({ version, operations, paths }: DocumentParts): Promise<JsonMap> {
  const components = new Components();
  const described: JsonMap = {};
  for (const path of paths) {
    const here = operations[path];
    if (here === undefined) continue;
    described[templateOf(path, here)] = pathItem(here, components);
    // Others are not to wait for all of it.
    await setImmediate();
  }
  return {
    openapi: '3.1.1',
    jsonSchemaDialect: 'https://spec.openapis.org/oas/3.1/dialect/base',
    info: {
      title: 'Nauthilus',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: ['Logins', 'Operating', 'Watching', 'Description'].map((name) => ({ name })),
    paths: described,
    components: { securitySchemes: SECURITY_SCHEMES, ...components.all() },
  };
}

/** `*` at the end of a door's path is named by the parameter that stands there. */
function templateOf(path: string, operations: readonly Operation[]): string {
  if (!path.endsWith('/*')) return path;
  const names = operations.flatMap(({ parameters = [] }) => parameters.filter((one) => one.in === 'path'));
  return `${path.slice(0, -1)}{${names[0]?.name ?? 'name'}}`;
}

function pathItem(operations: readonly Operation[], components: Components): JsonMap {
  const item: JsonMap = {};
  for (const operation of operations)
    for (const method of operation.methods) item[method] = operationObject(operation, method, components);
  return item;
}

function operationObject(operation: Operation, method: Method, components: Components): JsonMap {
  const { id, methods, tag, summary, description, access, parameters = [], bodies, answers } = operation;
  const isFirst = methods[0] === method;
  const object: JsonMap = {
    operationId: isFirst ? id : `${id}By${method[0]?.toUpperCase()}${method.slice(1)}`,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: securityOf(access),
  };
  if (parameters.length > 0) object['parameters'] = parameters.map((own) => parameterObject(own, components));
  if (bodies !== undefined) object['requestBody'] = { required: true, content: contentOf(bodies, components) };
  object['responses'] = Object.fromEntries(
    Object.entries(answers).map(([status, shape]) => [status, responseObject(status, shape, method, components)]),
  );
  return object;
}

function securityOf(access: Access): JsonValue {
  switch (access.kind) {
    case 'anybody':
      return [];
    case 'mail-user':
      return [{ [USER_SCHEME]: [] }];
    case 'caller':
      return CALLER_SCHEMES.map((scheme) => ({ [scheme]: [...access.scopes] }));
  }
}

function parameterObject({ name, in: place, description, schema }: Parameter, components: Components): JsonMap {
  const required = place === 'path' ? { required: true } : {};
  const object = { name, in: place, description, ...required, schema: components.schema(schema) };
  return components.shared('parameters', `${place}-${name}`, object);
}

function responseObject(status: string, shape: AnswerShape, method: Method, components: Components): JsonMap {
  const { description, headers = {}, moreHeaders = {}, bodies } = shape;
  const named = [
    ...Object.entries(headers).map(([name, header]) => [name, components.header(name, header, true)] as const),
    ...Object.entries(moreHeaders).map(([name, header]) => [name, components.header(name, header, false)] as const),
  ];
  const object: JsonMap = { description };
  if (named.length > 0) object['headers'] = Object.fromEntries(named);
  if (bodies !== undefined && method !== 'head') object['content'] = contentOf(bodies, components);
  const isProblem = method !== 'head' && !status.startsWith('2');
  return isProblem ? components.shared('responses', `Status-${status}`, object) : object;
}

function contentOf(bodies: Bodies, components: Components): JsonMap {
  return Object.fromEntries(
    Object.entries(bodies).map(([type, schema]) => [type, { schema: components.schema(schema) }]),
  );
}

interface Shared {
  readonly text: string;
  readonly object: JsonMap;
}

/** What is said once and referred to. */
class Components {
  readonly #schemas: JsonMap = {};
  readonly #headers: JsonMap = {};
  /** The same schemas stand in many places. */
  readonly #plainSchemas = new Map<TSchema, JsonValue>();
  readonly #shared = { parameters: new Map<string, Shared>(), responses: new Map<string, Shared>() };

  all(): JsonMap {
    const [parameters = {}, responses = {}] = [this.#shared.parameters, this.#shared.responses].map((shared) =>
      Object.fromEntries([...shared].map(([name, { object }]) => [name, object])),
    );
    return { parameters, responses, headers: this.#headers, schemas: this.#schemas };
  }

  /** A reference to what is said alike in several places under one name; what differs from the first of its name stands where it is. */
  shared(kind: 'parameters' | 'responses', name: string, object: JsonMap): JsonMap {
    const known = this.#shared[kind].get(name);
    const text = JSON.stringify(object);
    if (known === undefined) this.#shared[kind].set(name, { text, object });
    else if (known.text !== text) return object;
    return { $ref: `#/components/${kind}/${name}` };
  }

  /** A schema with those that have a name replaced by references. */
  schema(schema: TSchema): JsonValue {
    const known = this.#plainSchemas.get(schema);
    if (known !== undefined) return known;
    const plain = this.#plain(JSON.parse(JSON.stringify(schema)) as JsonValue);
    this.#plainSchemas.set(schema, plain);
    return plain;
  }

  header(name: string, { description, schema }: HeaderShape, isRequired: boolean): JsonMap {
    const key = isRequired ? name : `${name}-optional`;
    this.#headers[key] ??= { description, required: isRequired, schema: this.schema(schema) };
    return { $ref: `#/components/headers/${key}` };
  }

  #plain(value: JsonValue): JsonValue {
    if (Array.isArray(value)) return value.map((one: JsonValue) => this.#plain(one));
    if (typeof value !== 'object' || value === null) return value;
    const { $id: name, ...rest } = value as JsonMap;
    const plain = Object.fromEntries(Object.entries(rest).map(([key, own]) => [key, this.#plain(own)]));
    if (typeof name !== 'string') return plain;
    this.#schemas[name] = plain;
    return { $ref: `#/components/schemas/${name}` };
  }
}
