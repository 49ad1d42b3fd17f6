/**
 * Writes the reference of the configuration and the JSON Schema for editors from the schema of the settings. With `--check` it
 * writes nothing and exits with 1 where a file is not what it would write.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { renderJsonSchema } from '../src/config/reference/json-schema.ts';
import { renderReference } from '../src/config/reference/markdown.ts';
import { SettingsSchema } from '../src/config/schema.ts';

const FOLDER = new URL('../docs/reference/', import.meta.url);

const generated = [
  { name: 'configuration.md', text: renderReference(SettingsSchema) },
  { name: 'config.schema.json', text: renderJsonSchema(SettingsSchema) },
];

const isCheck = process.argv.includes('--check');
for (const { name, text } of generated) {
  const file = new URL(name, FOLDER);
  if (!isCheck) await writeFile(file, text);
  else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(
      `docs/reference/${name} is not up to date: run "npm run generate" and commit what it writes\n`,
    );
    process.exitCode = 1;
  }
}
