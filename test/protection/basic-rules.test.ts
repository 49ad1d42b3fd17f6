import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Instance } from '../operating/support/instance.ts';

const RULE =
  '{ name: pages, callers: [basic], window: 10m, limit: 3, block: 15m, longest_block: 1h, ipv4_prefix: 32, ipv6_prefix: 64 }';
const ADDRESS = '198.51.100.7';

it('the Basic door has rules of its own where they name it, and mail is served on', async () => {
  await using instance = await Instance.start([
    'basic: { enabled: true, realm: Webmail }',
    `protection: { networks: [${RULE}] }`,
  ]);
  const page = async (password: string, address = ADDRESS) => {
    const Authorization = `Basic ${Buffer.from(`alice@example.test:${password}`).toString('base64')}`;
    const headers = { Authorization, 'Client-IP': address };
    return (await fetch(`${instance.app.urls[0]}/api/v1/auth/basic`, { headers })).status;
  };
  const mail = async (password: string) => {
    const answer = await instance.logIn({ username: 'alice@example.test', password, address: ADDRESS });
    return answer.status;
  };

  for (const guess of ['one', 'two', 'three', 'four']) assert.equal(await page(guess), 401);

  assert.equal(await page('alice-pw'), 401);
  assert.equal(await page('alice-pw', '203.0.113.9'), 200);
  assert.equal(await mail('wrong'), 403);
  assert.equal(await mail('alice-pw'), 200);
});
