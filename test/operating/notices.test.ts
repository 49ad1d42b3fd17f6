import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Instance } from './support/instance.ts';

type Told = Readonly<Record<string, unknown>>;

describe('notices of a running service', () => {
  it('reach a file and a webhook: attacks once, and what operators did', async () => {
    const taken: Told[] = [];
    const hook = createServer((req, res) => {
      let body = '';
      req.on('data', (piece: Buffer) => (body += piece.toString()));
      req.on('end', () => {
        taken.push({ ...(JSON.parse(body) as Told), signed: req.headers['x-nauthilus-signature'] !== undefined });
        res.writeHead(204).end();
      });
    }).listen(0, '127.0.0.1');
    await once(hook, 'listening');
    const { port } = hook.address() as AddressInfo;
    await using service = await Instance.start([
      'protection: { network_rules: enforce, accounts: { from_new_networks: 3 } }',
      `notices: { file: notices.jsonl, webhooks: [{ name: chat, url: 'http://127.0.0.1:${port}/', secret: { file: state-secret }, events: [block-put, account-budget-used-up] }] }`,
    ]);
    for (let i = 0; i < 6; i += 1)
      await service.logIn({ username: 'alice@example.test', password: `wrong ${i}`, address: `192.0.2.${i + 1}` });
    for (let i = 0; i < 24; i += 1)
      await service.logIn({ username: `nobody${i}@example.test`, password: `wrong ${i}`, address: '198.51.100.1' });
    await service.ask('POST', '/api/v1/block', { ip_address: '203.0.113.1', reason: 'test', ttl: 60 });

    const fileLines = async () =>
      (await readFile(join(service.folder, 'notices.jsonl'), 'utf8'))
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Told);
    for (const end = Date.now() + 10_000; Date.now() < end && ((await fileLines()).length < 3 || taken.length < 2); )
      await sleep(20);

    assert.deepEqual(
      (await fileLines()).map(({ event }) => event),
      ['account-budget-used-up', 'block-put', 'blocked-by-hand'],
    );
    assert.deepEqual(
      taken.map(({ event, signed }) => [event, signed]),
      [
        ['account-budget-used-up', true],
        ['block-put', true],
      ],
    );
    const [budget, block] = taken;
    assert.deepEqual([budget?.['login_name'], budget?.['limit']], ['alice@example.test', 3]);
    assert.deepEqual([block?.['rule'], block?.['network']], ['address', '198.51.100.1/32']);
    assert.doesNotMatch(JSON.stringify([taken, await fileLines()]), /wrong/);
    const metrics = await service.app.metrics.render();
    assert.match(metrics, /nauthilus_notice_deliveries_total\{webhook="chat",result="delivered"\} 2/);
    hook.closeAllConnections();
    hook.close();
  });

  it('that have nowhere to go are an error at the start', async () => {
    await assert.rejects(
      Instance.start(['notices: { file: /nonexistent/notices }']),
      /notices\.file: \/nonexistent\/notices: cannot be opened \(ENOENT\)/,
    );
    await assert.rejects(
      Instance.start(["notices: { webhooks: [{ name: a, url: 'https://user:pw@example.test/' }] }"]),
      /notices\.webhooks\[0\]\.url: must not hold a name or a password/,
    );
  });
});
