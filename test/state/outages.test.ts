import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { type Answered, Instance, openFolder, writeAccounts } from './support/instance.ts';
import { type Outage, OUTAGES, type Promised } from './support/outages.ts';
import { openTcpProxy, type TcpProxy } from './support/tcp-proxy.ts';

const COMMAND_TIMEOUT_MS = 500;
// Several rounds of commands, on machines that are busy.
const LONGEST_ANSWER_MS = 6 * COMMAND_TIMEOUT_MS;
const HEALS_WITHIN_MS = 15_000;
const LIMIT = 4;
/** Accounts of each fault, so that none knows anything of another. */
const ROLES = ['here', 'there', 'new', 'wrong', 'limited', 'flushed', 'later'] as const;

interface Peer {
  readonly server: RedisServer;
  readonly proxy: TcpProxy;
}

/** How each fault is brought about and taken away again. */
const FAULTS: Readonly<Record<Outage['id'], readonly [begin: (peer: Peer) => unknown, end: (peer: Peer) => unknown]>> =
  {
    stopped: [({ server }) => server.stop(), ({ server }) => server.start()],
    hung: [({ server }) => server.pause(), ({ server }) => server.resume()],
    slow: [({ proxy }) => (proxy.delayMs = 100), ({ proxy }) => (proxy.delayMs = 0)],
    'read-only': [
      ({ server }) => server.run('REPLICAOF', '127.0.0.1', 1),
      ({ server }) => server.run('REPLICAOF', 'NO', 'ONE'),
    ],
    'out-of-memory': [
      ({ server }) => server.run('CONFIG', 'SET', 'maxmemory', 1, 'maxmemory-policy', 'noeviction'),
      ({ server }) => server.run('CONFIG', 'SET', 'maxmemory', 0),
    ],
    'restarted-empty': [
      async ({ server }) => {
        await server.stop();
        await server.start();
      },
      () => undefined,
    ],
    'wrong-type': [
      async ({ server }) => {
        for (const key of (await server.run('KEYS', '*')) as string[]) {
          await server.run('DEL', key);
          await server.run('XADD', key, '*', 'field', 'value');
        }
      },
      () => undefined,
    ],
    'wrong-password': [
      async ({ server }) => {
        await server.run('ACL', 'SETUSER', 'nauthilus', 'resetpass', '>other');
        await server.run('CLIENT', 'KILL', 'USER', 'nauthilus');
      },
      ({ server }) => server.run('ACL', 'SETUSER', 'nauthilus', '>ours'),
    ],
  };

describe('the service, while its Redis is', { concurrency: false }, () => {
  const opened = new AsyncDisposableStack();
  let peer: Peer;
  let here: Instance;
  let there: Instance;

  before(async () => {
    const folder = opened.use(await openFolder()).path;
    const server = opened.use(await startRedis({ settings: ['user nauthilus on >ours ~* &* +@all'] }));
    peer = { server, proxy: opened.use(await openTcpProxy(() => server)) };
    for (const [name, text] of [
      ['state-secret', 'a secret of the installation'],
      ['redis-password', 'ours'],
    ] as const)
      await writeFile(join(folder, name), text, { mode: 0o600 });
    const names = OUTAGES.flatMap(({ id }) => ROLES.map((role) => `${role}.${id}`));
    await writeAccounts(folder, Object.fromEntries(names.map((name) => [name, 'right'])));
    const redis = {
      url: `redis://127.0.0.1:${peer.proxy.port}`,
      username: 'nauthilus',
      password: { file: 'redis-password' },
      command_timeout: `${COMMAND_TIMEOUT_MS}ms`,
      secret: { file: 'state-secret' },
    };
    const sections = [
      'backends: [{ name: accounts, type: file, path: accounts.passwd }]',
      `protection: { accounts: { from_new_networks: ${LIMIT} } }`,
      `state: ${JSON.stringify({ redis })}`,
    ];
    here = opened.use(await Instance.open(folder, sections, 'here'));
    there = opened.use(await Instance.open(folder, sections, 'there'));
  });
  after(() => opened.disposeAsync());

  for (const { id, fault, during, afterwards } of OUTAGES) {
    it(fault, async () => {
      await untilReadiness('ok');
      for (const role of ['here', 'flushed'] as const) await untilInMemory(role, id);
      for (const role of ['there', 'later'] as const) await sourceOf(there, role, id);

      await FAULTS[id][0](peer);
      if (during.readiness === 'ok') await untilReadiness('ok');
      const answered = await askEverything(id);

      for (const [question, promised] of Object.entries(during) as [keyof Promised, string][])
        assert.ok(
          promised.split('|').includes(answered[question]),
          `${question}: ${answered[question]}, not ${promised}`,
        );
      await FAULTS[id][1](peer);
      await untilReadiness('ok');
      assert.equal(await sourceOf(here, 'later', id), afterwards);
    });
  }

  async function askEverything(id: Outage['id']): Promise<Readonly<Record<keyof Promised, string>>> {
    const rememberedHere = await sourceOf(here, 'here', id);
    const rememberedElsewhere = await sourceOf(here, 'there', id);
    const notRemembered = await sourceOf(here, 'new', id);
    const wrongPassword = await here.reasonOf(await timely(() => here.logIn(`wrong.${id}`, 'wrong')));
    const limits = await limitOf(id);
    const { status } = await timely(() => here.flush(`flushed.${id}`));
    assert.notEqual(await sourceOf(here, 'flushed', id), 'memory', 'what was flushed is gone at least here');
    await untilReadiness(OUTAGES.find((one) => one.id === id)?.during.readiness ?? 'ok');
    return {
      rememberedHere,
      rememberedElsewhere,
      notRemembered,
      wrongPassword,
      limits,
      flush: status === 200 ? 'everywhere' : 'here only',
      readiness: await readinessOf(here),
    };
  }

  async function sourceOf(instance: Instance, role: (typeof ROLES)[number], id: Outage['id']): Promise<string> {
    const answered = await timely(() => instance.logIn(`${role}.${id}`, 'right'));
    assert.equal(answered.status, 200, `${role} was answered ${answered.status}`);
    return instance.sourceOf(answered);
  }

  /** Where what is announced was missed during an earlier fault, what memory holds is confirmed once more. */
  async function untilInMemory(role: (typeof ROLES)[number], id: Outage['id']): Promise<void> {
    for (const until = Date.now() + HEALS_WITHIN_MS; (await sourceOf(here, role, id)) !== 'memory'; )
      assert.ok(Date.now() < until, `${role} never came from memory`);
  }

  /** How many different wrong passwords a backend is asked about. */
  async function limitOf(id: Outage['id']): Promise<string> {
    let tried = 0;
    for (let i = 0; i <= LIMIT; i += 1) {
      const answered = await timely(() => here.logIn(`limited.${id}`, `wrong${i}`));
      assert.equal(answered.status, 403);
      if ((await here.reasonOf(answered)) === 'wrong-password') tried += 1;
    }
    return tried === LIMIT ? 'whole' : tried === LIMIT / 2 ? 'stricter' : `${tried} of ${LIMIT}`;
  }

  async function timely(ask: () => Promise<Answered>): Promise<Answered> {
    const begun = performance.now();
    const answered = await ask();
    const ms = performance.now() - begun;
    assert.ok(ms < LONGEST_ANSWER_MS, `answered after ${ms} ms`);
    return answered;
  }

  async function untilReadiness(status: string): Promise<void> {
    for (const instance of status === 'ok' ? [here, there] : [here]) {
      for (const until = Date.now() + HEALS_WITHIN_MS; (await readinessOf(instance)) !== status; await sleep(50))
        assert.ok(Date.now() < until, `never ${status}`);
    }
  }
});

async function readinessOf(instance: Instance): Promise<string> {
  const response = await fetch(`${instance.app.urls[0]}/healthz/ready`);
  assert.equal(response.status, 200);
  return ((await response.json()) as { status: string }).status;
}
