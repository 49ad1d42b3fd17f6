import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { locateConfig } from './locate-config.ts';

test('takes the file that was given, then that of the environment, then the usual places', () => {
  const env = { NAUTHILUS_CONFIG: 'b.yaml' };

  assert.equal(locateConfig('a.yaml', env), 'a.yaml');
  assert.equal(locateConfig(undefined, env), 'b.yaml');
  const usual = existsSync('./data/nauthilus.yaml') ? './data/nauthilus.yaml' : '/etc/nauthilus/nauthilus.yaml';
  assert.equal(locateConfig(undefined, {}), usual);
  assert.equal(locateConfig(undefined, { NAUTHILUS_CONFIG: '' }), usual);
});
