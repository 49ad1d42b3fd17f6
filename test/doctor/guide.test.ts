import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { ALL_CHECKS } from '../../src/cli/doctor/all-checks.ts';

it('the guide tells what each check of the doctor looks at', async () => {
  const guide = await readFile(new URL('../../docs/guides/dovecot.md', import.meta.url), 'utf8');
  const told = [...guide.matchAll(/^\| (`[a-z, `-]+`) \|/gm)].flatMap(([, names = '']) =>
    names.split(', ').map((name) => name.replaceAll('`', '')),
  );

  assert.deepEqual(
    ALL_CHECKS.map(({ name }) => name).filter((name) => !told.includes(name)),
    [],
  );
});

it('a check stands behind those that it needs', () => {
  const before = new Set<string>();
  for (const { name, needs = [] } of ALL_CHECKS) {
    for (const need of needs) assert.ok(before.has(need), `${name} needs ${need}`);
    assert.ok(!before.has(name), `${name} is there once`);
    before.add(name);
  }
});
