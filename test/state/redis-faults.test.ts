import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { named, noHurry } from '../../src/state/conformance/harness.ts';
import type { RedisState } from '../../src/state/redis/redis-state.ts';
import { freePort } from '../daemons/free-port.ts';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { Secret } from '../../src/login/secret.ts';
import { ALICE, askEverything, AWAY, COUNTER, type Outcomes, rememberAlice, WELL } from './support/outcomes.ts';
import { configFor, openReadyState, openState } from './support/shared-state.ts';
import { openTcpProxy, type TcpProxy } from './support/tcp-proxy.ts';

const COMMAND_TIMEOUT_MS = 500;
// A question takes up to two rounds of commands, and these machines are busy.
const LONGEST_ANSWER_MS = 2 * COMMAND_TIMEOUT_MS + 400;
const HEALS_WITHIN_MS = 10_000;

interface Fault {
  readonly name: string;
  readonly begin: (server: RedisServer, proxy: TcpProxy) => unknown;
  readonly end: (server: RedisServer, proxy: TcpProxy) => unknown;
  /** What is answered while it lasts. */
  readonly during: Outcomes;
  /** What is answered when it is over; what was kept is there still unless this says otherwise. */
  readonly after?: Outcomes;
}

const ONLY_READS: Outcomes = { ...AWAY, recall: 'remembered', findBlocks: 'found' };

const FAULTS: readonly Fault[] = [
  {
    name: 'stopped and started again, empty',
    begin: (server) => server.stop(),
    end: (server) => server.start(),
    during: AWAY,
    after: { ...WELL, recall: 'not-remembered' },
  },
  { name: 'hung', begin: (server) => server.pause(), end: (server) => server.resume(), during: AWAY },
  {
    name: 'slower than the deadline',
    begin: (_, proxy) => (proxy.delayMs = 400),
    end: (_, proxy) => (proxy.delayMs = 0),
    during: AWAY,
  },
  {
    name: 'slow by 200 ms, but within the deadline',
    begin: (_, proxy) => (proxy.delayMs = 100),
    end: (_, proxy) => (proxy.delayMs = 0),
    during: WELL,
  },
  {
    name: 'read-only',
    begin: (server) => server.run('REPLICAOF', '127.0.0.1', 1),
    end: (server) => server.run('REPLICAOF', 'NO', 'ONE'),
    // Now and then the connection is made anew, lest another server took the place; a replica passes on what is published.
    during: {
      ...AWAY,
      recall: 'remembered|unavailable',
      findBlocks: 'found|unavailable',
      publish: 'done|unavailable',
    },
  },
  {
    name: 'out of memory',
    begin: (server) => server.run('CONFIG', 'SET', 'maxmemory', 1, 'maxmemory-policy', 'noeviction'),
    end: (server) => server.run('CONFIG', 'SET', 'maxmemory', 0),
    // Forgetting and blocking keep somebody out and take little: they go on.
    during: { ...ONLY_READS, forget: 'done', putBlock: 'done', publish: 'done' },
  },
];

describe('with a Redis that fails', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  const rejections: unknown[] = [];
  const note = (reason: unknown) => void rejections.push(reason);
  before(async () => {
    process.on('unhandledRejection', note);
    server = await startRedis();
    proxy = await openTcpProxy(() => server);
  });
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    process.off('unhandledRejection', note);
  });
  beforeEach(() => server.run('FLUSHALL'));
  const config = () =>
    configFor(
      { kind: 'single', address: { host: '127.0.0.1', port: proxy.port } },
      { commandTimeoutMs: COMMAND_TIMEOUT_MS, connectTimeoutMs: 1000 },
    );

  for (const fault of FAULTS) {
    it(`which is ${fault.name}: answers in time, goes on by itself, and is not run over`, async () => {
      await using state = await openReadyState(config());
      assert.equal(await rememberAlice(state), 'done');
      assert.deepEqual((await askEverything(state)).outcomes, WELL);
      const connectionsBefore = proxy.connections;

      await fault.begin(server, proxy);
      await settled(state, fault.during);
      const lasting = performance.now();
      let reads = 0;
      let rounds = 0;
      for (; performance.now() - lasting < 1500; await sleep(20)) {
        const { outcomes, ms } = await askEverything(state);
        assert.ok(isAsExpected(outcomes, fault.during), JSON.stringify(outcomes));
        reads += outcomes.recall === 'remembered' ? 1 : 0;
        rounds += 1;
        assert.ok(ms < LONGEST_ANSWER_MS, `answered after ${ms} ms`);
      }
      await fault.end(server, proxy);
      if (fault.during.recall.includes('remembered')) assert.ok(reads > 0, `${reads} of ${rounds} reads`);

      await settled(state, fault.after ?? WELL);
      const connections = proxy.connections - connectionsBefore;
      assert.ok(connections <= 30, `${connections} connections were made`);
      await until(() => state.health().isReady, HEALS_WITHIN_MS);
      assert.deepEqual(rejections, []);
    });
  }

  it('which knows another password: says so, and goes on once it knows ours', async () => {
    await using strict = await startRedis({ settings: ['requirepass other'] });
    const servers = { kind: 'single', address: { host: '127.0.0.1', port: strict.port } } as const;
    await using state = openState(configFor(servers, { password: Secret.fromText('ours') }));

    await until(() => /WRONGPASS/.test(state.health().detail));
    assert.deepEqual((await askEverything(state)).outcomes, AWAY);
    assert.equal(JSON.stringify(state.health()).includes('ours'), false);
    await strict.run('ACL', 'SETUSER', 'default', '>ours');

    await settled(state, { ...WELL, recall: 'not-remembered' });
    assert.deepEqual(rejections, []);
  });

  it('which is not there when we start: is found when it comes', async () => {
    const port = await freePort();
    await using late = await openTcpProxy(() => server);
    await using state = openState(configFor({ kind: 'single', address: { host: '127.0.0.1', port } }));
    await using other = openState(configFor({ kind: 'single', address: { host: '127.0.0.1', port: late.port } }));

    assert.equal(await state.whenReady(300), false);
    assert.deepEqual((await askEverything(state)).outcomes, AWAY);
    assert.match(state.health().detail, /ECONNREFUSED/);
    assert.equal(await other.whenReady(5000), true);
  });

  it('which holds other types under our keys: knows nothing of them, and puts them right', async () => {
    await using state = await openReadyState(config());
    await rememberAlice(state);
    await askEverything(state);
    const keys = (await server.run('KEYS', '*')) as string[];
    assert.ok(keys.length >= 6, keys.join(' '));
    for (const key of keys) {
      await server.run('DEL', key);
      await server.run('XADD', key, '*', 'field', 'value');
    }

    const { outcomes } = await askEverything(state);

    assert.deepEqual(outcomes, { ...WELL, recall: 'not-remembered' });
    assert.equal(await rememberAlice(state), 'done');
    assert.deepEqual((await askEverything(state)).outcomes, WELL);
    const counted = await state.counters.peek(COUNTER, noHurry);
    assert.deepEqual([counted.kind, counted.kind === 'counted' && counted.count], ['counted', 2]);
    await state.verifiedLogins.forgetAccount(ALICE.loginName, noHurry);
    assert.equal((await state.verifiedLogins.recall(ALICE, noHurry)).kind, 'not-remembered');
  });

  it('which holds nonsense under our keys: never gives it for an answer', async () => {
    await using state = await openReadyState(config());
    await rememberAlice(state);
    await state.blocks.put(
      { key: 'a', rule: 'r', scope: 's', untilMs: Date.now() + 60_000, reason: '', by: '' },
      noHurry,
    );
    for (const nonsense of ['', 'x', '{}', '[]', 'null', '\u0001'.repeat(100)]) {
      for (const key of (await server.run('KEYS', '*')) as string[]) {
        if (/:login:|:block:/.test(key)) await server.run('SET', key, nonsense);
      }
      assert.equal((await state.verifiedLogins.recall(ALICE, noHurry)).kind, 'not-remembered', nonsense);
      assert.deepEqual(await state.blocks.find(['a'], noHurry), { kind: 'found', blocks: [] }, nonsense);
    }
  });

  it('which is a Cluster of its own behind one address: finds out that it has slots', async () => {
    await using node = await startRedis({ settings: ['cluster-enabled yes'] });
    await node.run('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
    const address = { host: '127.0.0.1', port: node.port };
    await using state = await openReadyState(configFor({ kind: 'single', address }));
    const hitAll = () =>
      Promise.all(['a', 'b', 'c'].map((owner) => state.counters.hit({ ...COUNTER, owner }, noHurry)));
    const kinds = async () => new Set((await hitAll()).map(({ kind }) => kind));
    for (const until = Date.now() + HEALS_WITHIN_MS; !(await kinds()).has('counted'); await sleep(20))
      assert.ok(Date.now() < until, 'it never counts');

    assert.deepEqual(await kinds(), new Set(['counted']));
    assert.equal((await state.blocks.find(['a', 'b', 'c', 'd'], noHurry)).kind, 'found');
  });

  it('which cannot count at one counter: counts at all others that are asked with it', async () => {
    await using state = await openReadyState(config());
    const many = (owner: string, member: string) => ({ owner, name: 'many', windowMs: 60_000, limit: 600, member });
    for (let i = 0; i < 520; i += 1) await state.counters.hit(many('spoilt', String(i)), noHurry);
    const estimates = (await server.run('KEYS', '*:estimate:{ospoilt}:*')) as string[];
    assert.ok(estimates.length > 0);
    for (const key of estimates) await server.run('SET', key, 'no estimate');

    const counters = [COUNTER, many('spoilt', 'more'), many('sound', 'a')];
    const answers = await Promise.all(counters.map((counter) => state.counters.hit(counter, noHurry)));

    assert.deepEqual(
      answers.map((answer) => (answer.kind === 'counted' ? answer.count : answer.detail.split(' ')[0])),
      [1, 'WRONGTYPE', 1],
    );
  });

  it('answers at once when the question is withdrawn', async () => {
    await using state = await openReadyState(config());
    server.pause();
    const signal = AbortSignal.timeout(50);
    const begun = performance.now();

    const answer = await state.counters.hit(COUNTER, signal);

    assert.equal(answer.kind, 'unavailable');
    assert.ok(performance.now() - begun < 400);
    server.resume();
    assert.equal((await state.counters.hit(COUNTER, AbortSignal.abort())).kind, 'unavailable');
  });

  it('tells listeners of a gap when announcements may have been lost, and goes on to listen', async () => {
    await using here = await openReadyState(config());
    await using there = await openReadyState(config());
    const heard: string[] = [];
    const told = { onAnnouncement: () => void heard.push('announcement'), onGap: () => void heard.push('gap') };
    using _subscription = here.announcements.subscribe(told);
    await until(() => here.announcements.isListening && there.announcements.isListening);
    heard.length = 0;

    server.pause();
    await until(() => heard.includes('gap'), 4000);
    await here.announcements.publish({ kind: 'all-forgotten' }, noHurry);
    assert.deepEqual(heard, ['gap', 'announcement'], 'what this process announces it hears without Redis');
    server.resume();
    await until(() => heard.filter((what) => what === 'gap').length === 2, HEALS_WITHIN_MS);
    await until(() => there.announcements.isListening && there.health().isReady, HEALS_WITHIN_MS);

    await there.announcements.publish({ kind: 'account-forgotten', account: named('alice@example.test') }, noHurry);
    await until(() => heard.filter((what) => what === 'announcement').length === 2);
    assert.deepEqual(rejections, []);
  });
});

/** Each outcome is one of those that are expected. */
function isAsExpected(outcomes: Outcomes, expected: Outcomes): boolean {
  return Object.entries(expected).every(([question, allowed]: [string, string]) =>
    allowed.split('|').includes(outcomes[question as keyof Outcomes]),
  );
}

/** Until all is as it should be. */
async function settled(state: RedisState, expected: Outcomes): Promise<void> {
  for (const deadline = Date.now() + HEALS_WITHIN_MS; ; await sleep(20)) {
    const { outcomes } = await askEverything(state);
    if (isAsExpected(outcomes, expected)) return;
    if (Date.now() > deadline) assert.deepEqual(outcomes, expected, state.health().detail);
  }
}

async function until(isTrue: () => boolean, milliseconds = 5000): Promise<void> {
  for (const deadline = Date.now() + milliseconds; !isTrue(); await sleep(10)) {
    assert.ok(Date.now() < deadline, `not within ${milliseconds} ms`);
  }
}
