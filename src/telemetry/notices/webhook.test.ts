import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '../../login/secret.ts';
import { type Delivery, Webhook, type WebhookSettings } from './webhook.ts';

interface Taken {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Statuses that the next requests are answered with, then 204; 0 for no answer. */
let statuses: number[] = [];
let taken: Taken[] = [];

describe('a webhook', () => {
  let server: Server;
  let url: string;
  before(async () => {
    server = createServer((req, res) => {
      let body = '';
      req.on('data', (piece: Buffer) => (body += piece.toString()));
      req.on('end', () => {
        taken.push({ headers: req.headers, body });
        const status = statuses.shift() ?? 204;
        if (status === 302) res.setHeader('Location', '/elsewhere');
        if (status !== 0) res.writeHead(status).end(status === 204 ? undefined : 'x'.repeat(100_000));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    statuses = [];
    taken = [];
  });

  function open(changes: Partial<WebhookSettings> = {}, random = 0) {
    const tries: [Delivery, string][] = [];
    const settings = { url, secret: undefined, timeoutMs: 2000, giveUpAfterMs: 60_000, maxQueue: 3, ...changes };
    const webhook = new Webhook(settings, { onTry: (...one) => void tries.push(one), random: () => random });
    return { webhook, tries };
  }

  async function until(isSo: () => boolean): Promise<void> {
    for (const deadline = Date.now() + 10_000; !isSo(); await sleep(5))
      assert.ok(Date.now() < deadline, 'not within 10 s');
  }

  it('delivers in order, signed, with the same id at each try', async () => {
    statuses = [503];
    const secret = Secret.fromText('a secret of ours');
    const { webhook, tries } = open({ secret });
    using _ = webhook;
    webhook.send('1', '{"event":"block-put"}');
    webhook.send('2', '{"event":"spraying-seen"}');
    await until(() => taken.length === 3);

    assert.deepEqual(
      taken.map(({ headers, body }) => [headers['x-nauthilus-event'], JSON.parse(body).event]),
      [
        ['1', 'block-put'],
        ['1', 'block-put'],
        ['2', 'spraying-seen'],
      ],
    );
    const [first] = taken;
    const [, seconds = '', mac] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(first?.headers['x-nauthilus-signature'])) ?? [];
    assert.equal(mac, createHmac('sha256', 'a secret of ours').update(`${seconds}.${first?.body}`).digest('hex'));
    assert.ok(Math.abs(Number(seconds) - Date.now() / 1000) < 20);
    await until(() => webhook.waiting === 0);
    assert.deepEqual(tries, [
      ['retried', 'answered 503'],
      ['delivered', ''],
      ['delivered', ''],
    ]);
  });

  it('does not try again what is found wrong, nor follow to another place', async () => {
    for (const status of [400, 401, 404, 302]) {
      statuses = [status];
      const { webhook, tries } = open();
      using _ = webhook;
      webhook.send('1', '{}');
      await until(() => tries.length === 1);
      assert.deepEqual(tries, [['dropped', `answered ${status}`]]);
    }
    assert.equal(taken.length, 4);
  });

  it('gives up what nobody takes in time', async () => {
    statuses = [0];
    const silent = open({ timeoutMs: 50, giveUpAfterMs: 100 });
    using _ = silent.webhook;
    silent.webhook.send('1', '{}');
    await until(() => silent.tries.length === 1);
    assert.deepEqual(silent.tries, [['dropped', 'no answer in time']]);

    const refused = open({ url: 'http://127.0.0.1:1/', giveUpAfterMs: 100 });
    using __ = refused.webhook;
    refused.webhook.send('1', '{}');
    await until(() => refused.tries.length === 1);
    assert.deepEqual(refused.tries[0]?.[0], 'dropped');
  });

  it('waits with no more than its queue holds, and drops the oldest', async () => {
    statuses = [0];
    const { webhook, tries } = open({ timeoutMs: 300 });
    using _ = webhook;
    for (const id of ['1', '2', '3', '4', '5']) webhook.send(id, '{}');

    assert.equal(webhook.waiting, 3);
    assert.deepEqual(tries, [
      ['dropped', 'the queue is full'],
      ['dropped', 'the queue is full'],
    ]);
    await until(() => webhook.waiting === 0);
    assert.deepEqual(
      taken.map(({ headers }) => headers['x-nauthilus-event']),
      ['1', '1', '4', '5'],
    );
  });

  it('that is closed sends nothing more', async () => {
    statuses = [503];
    const { webhook, tries } = open();
    webhook.send('1', '{}');
    await until(() => tries.length === 1);
    webhook[Symbol.dispose]();
    webhook.send('2', '{}');
    await sleep(50);
    assert.deepEqual([taken.length, webhook.waiting], [1, 0]);
  });
});
