import type { TSchema } from 'typebox';
import { stringify } from 'yaml';
import { join } from '../read-settings.ts';
import { factsOf, isValueShape, type Key, type SettingShape, shapeOf } from '../setting-shape.ts';
import { describeAllowed } from '../wording.ts';

const HEAD = `<!-- Made by \`npm run generate\` from the schemas in src; change those. -->

# Configuration

One YAML file. Commands take the one that \`--config\` names, else the one in the environment variable \`NAUTHILUS_CONFIG\`, else
\`./data/nauthilus.yaml\` where that is there, else \`/etc/nauthilus/nauthilus.yaml\`. An editor that knows JSON Schema completes and
checks it with [config.schema.json](config.schema.json). \`nauthilus check\` names everything that is wrong, with its line;
\`nauthilus config\` prints what is in force.

- Paths are relative to the folder of the file.
- \`\${NAME}\` in a value stands for an environment variable, which must be set; \`\${NAME:-text}\` has a default for one that is not set or
  empty; \`$\${\` is \`\${\` itself. Put such a value in quotes within \`[ ]\` and \`{ }\`.
- A secret is \`{ file: path }\`; a line break at the end of the file is not part of it. Hashes may also stand in the configuration, in quotes.
- Unknown keys are refused. What has no default and is not optional must be there.

`;

/** One heading and table for each section, in the order of the schema. */
export function renderReference(schema: TSchema): string {
  return HEAD + renderMinimal() + sectionsOf(schema, '').map(renderSection).join('\n');
}

function renderMinimal(): string {
  return `The least there can be:

\`\`\`yaml
listeners:
  - tls:
      certificate: tls/server.crt
      key: tls/server.key
callers:
  - name: dovecot
    secret: { file: callers/dovecot.hash }
    scopes: [authenticate, lookup, list]
backends:
  - type: file
    name: accounts
    path: accounts.passwd
\`\`\`

`;
}

interface SectionText {
  readonly path: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

interface Row {
  readonly key: string;
  readonly schema: TSchema;
  readonly isRequired: boolean;
}

/** A section, followed by the sections within it. */
function sectionsOf(schema: TSchema, path: string): SectionText[] {
  const shape = shapeOf(schema);
  if (isValueShape(shape)) return [];
  switch (shape.kind) {
    case 'section': {
      const keys = [...shape.keys];
      const rows = keys.filter(([, key]) => !hasSections(key)).map(([key, own]): Row => ({ key, ...own }));
      const inner = keys
        .filter(([, key]) => hasSections(key))
        .flatMap(([key, own]) => innerSections(own, join(path, key)));
      return path === '' ? inner : [{ path, description: factsOf(schema).description ?? '', rows }, ...inner];
    }
    case 'variants':
      return [...shape.variants].flatMap(([type, variant]) => sectionsOf(variant, `${path} (type: ${type})`));
    case 'list':
    case 'mapping':
    case 'forms':
      return [];
  }
}

function hasSections({ schema }: Key): boolean {
  const shape = shapeOf(schema);
  const inner = shapeOf(eachOf(shape) ?? schema);
  return inner.kind === 'section' || inner.kind === 'variants';
}

/** What the schema says of each item or value of many. */
function eachOf(shape: SettingShape): TSchema | undefined {
  if (shape.kind === 'list') return shape.items;
  return shape.kind === 'mapping' ? shape.values : undefined;
}

const KINDS = { list: ['list of tables', '[]'], mapping: ['table of tables by name', '.NAME'] } as const;

function innerSections({ schema, isRequired }: Key, path: string): SectionText[] {
  const shape = shapeOf(schema);
  const each = eachOf(shape);
  const [kind, suffix] = shape.kind === 'list' || shape.kind === 'mapping' ? KINDS[shape.kind] : ['table', ''];
  const [first, ...rest] = sectionsOf(each ?? schema, path + suffix);
  if (first === undefined) return [];
  const { description = '' } = factsOf(schema);
  const about = each === undefined ? first.description : `${description} Each table: ${lowerFirst(first.description)}`;
  return [{ ...first, description: `${isRequired ? 'Required' : 'Optional'} ${kind}. ${about}` }, ...rest];
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function renderSection({ path, description, rows }: SectionText): string {
  const lines = rows.map(({ key, schema, isRequired }) => {
    const { description: about = '', examples = [] } = factsOf(schema);
    const example = examples.map((value) => code(value)).join(', ');
    return `| \`${key}\` | ${cell(describeAllowed(schema))} | ${renderDefault(schema, isRequired)} | ${cell(about)} | ${example} |`;
  });
  const head = `## \`${path}\`\n\n${description}\n`;
  if (lines.length === 0) return head;
  return `${head}\n| key | allowed | default | meaning | example |\n|---|---|---|---|---|\n${lines.join('\n')}\n`;
}

function renderDefault(schema: TSchema, isRequired: boolean): string {
  if (isRequired) return 'required';
  const { default: value } = factsOf(schema);
  return value === undefined ? 'none' : code(value);
}

/** As YAML on one line. */
function code(value: unknown): string {
  return `\`${cell(stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim())}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
