import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

/** What each folder may import beside itself; a trailing file name allows that file only. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  login: [],
  passwords: ['login', 'config/fields.ts'],
  'backends/backend.ts': ['login'],
  'backends/conformance.ts': ['login', 'backends/backend.ts'],
  'backends/file': [
    'login',
    'passwords',
    'backends/backend.ts',
    'backends/conformance.ts',
    'telemetry',
    'config/fields.ts',
  ],
  'backends/ldap': [
    'login',
    'passwords',
    'backends/backend.ts',
    'backends/conformance.ts',
    'telemetry',
    'config/fields.ts',
  ],
  protection: ['login', 'state/counters.ts', 'state/blocks.ts', 'state/sweep.ts', 'config/fields.ts'],
  'address-facts': ['login', 'protection'],
  decision: [
    'login',
    'protection',
    'passwords',
    'backends/backend.ts',
    'state/outcome.ts',
    'state/password-tags.ts',
    'state/verified-logins.ts',
    'state/look-ups.ts',
    'state/counters.ts',
    'state/turn.ts',
    'state/blocks.ts',
    'state/jobs.ts',
    'state/sweep.ts',
    'state/announcements.ts',
    'telemetry/events.ts',
    'config/fields.ts',
  ],
  wire: [
    'login',
    'decision',
    'telemetry',
    'state/outcome.ts',
    'state/announcements.ts',
    'state/host-orders.ts',
    'config/fields.ts',
  ],
  state: ['login', 'telemetry', 'config/fields.ts'],
  telemetry: ['login', 'config/fields.ts'],
};
const CONFIG_MAY = /(^|\/)[a-z-]+-config\.ts$|^config\/|^login\//;
const ROOT_FOLDERS = new Set(['compose', 'cli', 'supervision', 'compose.ts', 'main.ts', 'version.ts']);

const sources = globSync('src/**/*.ts').filter((file) => !file.endsWith('.test.ts'));

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, specifier]) =>
    path.relative('src', path.resolve(path.dirname(file), specifier as string)),
  );
}

function ownerOf(file: string): string {
  const [top = '', second = ''] = file.split(path.sep);
  return top === 'backends' ? `${top}/${second}` : top;
}

function mayImport(from: string, to: string): boolean {
  const owner = ownerOf(from);
  if (ROOT_FOLDERS.has(owner) || ownerOf(to) === owner) return true;
  if (owner === 'config') return CONFIG_MAY.test(to);
  return (ALLOWED[owner] ?? []).some((allowed) => to === allowed || to.startsWith(`${allowed}/`));
}

describe('the architecture', () => {
  it('has imports that point inwards only', () => {
    const outward = sources.flatMap((file) => {
      const from = path.relative('src', file);
      return importsOf(file)
        .filter((to) => !mayImport(from, to))
        .map((to) => `${from} -> ${to}`);
    });

    assert.deepEqual(outward, []);
  });

  it('has no file or folder with a name that means nothing', () => {
    const nameless =
      /(^|\/)(utils?|helpers?|common|misc|types|constants|manager|service|handlers?|base|impl|new|default)(\.ts|\/)/;

    assert.deepEqual(
      sources.filter((file) => nameless.test(file)),
      [],
    );
  });

  it('keeps folders small enough to read', () => {
    const counts = new Map<string, number>();
    for (const file of sources) counts.set(path.dirname(file), (counts.get(path.dirname(file)) ?? 0) + 1);

    assert.deepEqual(
      [...counts].filter(([, count]) => count > 24),
      [],
    );
  });
});
