import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readGlueSettings } from './glue-settings.ts';

const GOOD = { url: 'https://auth.example.test:9443/api/v1/auth/json', secret_file: '/etc/dovecot/nauthilus.secret' };

describe('settings of the glue', () => {
  it('have the glue\u2019s own defaults, and take milliseconds as text too', () => {
    const settings = readGlueSettings(new Map(Object.entries({ ...GOOD, list_timeout: '20000' })));

    assert.ok(typeof settings === 'object');
    assert.deepEqual([settings.url.port, settings.timeoutMs, settings.listTimeoutMs], ['9443', 10_000, 20_000]);
  });

  it('are all known that the glue knows', () => {
    const glue = readFileSync(new URL('../../../integrations/dovecot/nauthilus.lua', import.meta.url), 'utf8');
    const names = [...(/^ *local SETTINGS =\s*\{([^}]*)\}/m.exec(glue)?.[1] ?? '').matchAll(/(\w+) = '/g)].map(
      ([, name]) => name ?? '',
    );

    const settings = readGlueSettings(new Map([...names.map((name) => [name, '1'] as const), ...Object.entries(GOOD)]));

    assert.ok(names.includes('url'));
    assert.deepEqual(typeof settings === 'object' && settings.unknown, []);
  });

  for (const [what, settings] of Object.entries({
    'without url': { secret_file: '/x' },
    'without secret file': { url: GOOD.url },
    'with a URL of another kind': { ...GOOD, url: 'ftp://auth.example.test/' },
    'with a text that is no URL': { ...GOOD, url: 'auth' },
    'with a wait of nothing': { ...GOOD, timeout: 0 },
    'with a wait that is no number': { ...GOOD, timeout: '10s' },
  }))
    it(`cannot be used ${what}`, () =>
      assert.equal(typeof readGlueSettings(new Map(Object.entries(settings))), 'string'));
});
