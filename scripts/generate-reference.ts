/**
 * Writes the reference of the configuration and the JSON Schema for editors from the schema of the settings, and the page on
 * outages from what its tests hold. With `--check` it writes nothing and exits with 1 where a file is not what it would write.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { renderJsonSchema } from '../src/config/reference/json-schema.ts';
import { renderReference } from '../src/config/reference/markdown.ts';
import { SettingsSchema } from '../src/config/schema.ts';
import { renderOutages } from '../test/state/support/outages.ts';

const FOLDER = new URL('../docs/', import.meta.url);

const generated = [
  { name: 'reference/configuration.md', text: renderReference(SettingsSchema) },
  { name: 'reference/config.schema.json', text: renderJsonSchema(SettingsSchema) },
  { name: 'outages.md', text: renderOutages() },
];

const isCheck = process.argv.includes('--check');
for (const { name, text } of generated) {
  const file = new URL(name, FOLDER);
  if (!isCheck) await writeFile(file, text);
  else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`docs/${name} is not up to date: run "npm run generate" and commit what it writes\n`);
    process.exitCode = 1;
  }
}
