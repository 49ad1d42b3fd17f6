import type { TSchema } from 'typebox';

const HEAD = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:nauthilus:configuration',
  title: 'Nauthilus configuration',
};

/**
 * The schema as editors take it: standard keywords only, and what has a default need not be written. A value may also be a text
 * with `${NAME}` where it is a number, a word or a flag.
 */
export function renderJsonSchema(schema: TSchema): string {
  return `${JSON.stringify({ ...HEAD, ...standard(schema) }, null, 2)}\n`;
}

type Node = Readonly<Record<string, unknown>>;

function standard(schema: TSchema): Node {
  const kept: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword.startsWith('x-')) continue;
    kept[keyword] = standardKeyword(keyword, value, schema as Node);
  }
  return takesVariable(kept) ? orVariable(kept) : kept;
}

function standardKeyword(keyword: string, value: unknown, schema: Node): unknown {
  switch (keyword) {
    case 'properties':
    case 'patternProperties':
      return Object.fromEntries(Object.entries(value as Node).map(([key, own]) => [key, standard(own as TSchema)]));
    case 'items':
      return standard(value as TSchema);
    case 'anyOf':
      return (value as readonly TSchema[]).map(standard);
    case 'required':
      return (value as readonly string[]).filter((key) => !hasDefault((schema['properties'] as Node)[key]));
    default:
      return value;
  }
}

function hasDefault(schema: unknown): boolean {
  return (schema as Node)['default'] !== undefined;
}

/** Texts of any form that a variable could stand for. */
function takesVariable(node: Node): boolean {
  return (
    node['enum'] !== undefined || node['pattern'] !== undefined || ['integer', 'boolean'].includes(String(node['type']))
  );
}

const VARIABLE = {
  type: 'string',
  pattern: '\\$\\{',
  description: 'A text with environment variables: ${NAME} or ${NAME:-text}.',
};
const ABOUT = ['description', 'default', 'examples'];

function orVariable(node: Node): Node {
  const about = Object.entries(node).filter(([keyword]) => ABOUT.includes(keyword));
  const rest = Object.entries(node).filter(([keyword]) => !ABOUT.includes(keyword));
  return { ...Object.fromEntries(about), anyOf: [Object.fromEntries(rest), VARIABLE] };
}
