import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';

it('the documentation links to files that exist', () => {
  const documents = ['*.md', 'docs/**/*.md', 'integrations/**/*.md', 'src/**/*.md'].flatMap((glob) => globSync(glob));
  const broken = documents.flatMap((document) =>
    [...readFileSync(document, 'utf8').matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
      .map(([, target]) => target as string)
      .filter((target) => !existsSync(path.resolve(path.dirname(document), target)))
      .map((target) => `${document} -> ${target}`),
  );

  assert.deepEqual(broken, []);
});
