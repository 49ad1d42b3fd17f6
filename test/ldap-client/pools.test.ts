import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TAG } from '../../src/backends/ldap/client/ber/ber-tags.ts';
import { parseFilter } from '../../src/backends/ldap/client/filter/filter.ts';
import { prepareSearch } from '../../src/backends/ldap/client/message/request.ts';
import { BindPool, type BindPoolOptions } from '../../src/backends/ldap/client/pool/bind-pool.ts';
import { createConnector } from '../../src/backends/ldap/client/pool/connector.ts';
import { ListReader } from '../../src/backends/ldap/client/pool/list-reader.ts';
import { LookupPool, type LookupPoolOptions } from '../../src/backends/ldap/client/pool/lookup-pool.ts';
import { type ReceivedRequest, type Script, type ScriptedServer, startScriptedServer } from './scripted-server.ts';
import { bindDone, foundEntry, searchDone } from './server-messages.ts';

const LIMITS = { timeoutMs: 2000 };
const REQUEST = {
  search: prepareSearch({ baseDn: 'dc=test', scope: 'subtree', attributes: ['uid'] }),
  filter: parseFilter('(uid=a)'),
};
const SERVICE = { kind: 'simple', dn: 'cn=service', password: Buffer.from('service-secret') } as const;
const USER = { kind: 'simple', dn: 'cn=user', password: Buffer.from('user-secret') } as const;

const answer: Script = ({ id, tag }, socket) => {
  if (tag === TAG.searchRequest) socket.write(Buffer.concat([foundEntry(id), searchDone(id)]));
  if (tag === TAG.bindRequest) socket.write(bindDone(id));
};
const silent: Script = () => {};

function connectorTo(server: ScriptedServer, account?: typeof SERVICE) {
  return createConnector({
    address: { kind: 'ldap', host: '127.0.0.1', port: server.port },
    connectTimeoutMs: 300,
    account,
  });
}

async function lookups(
  t: TestContext,
  script: Script,
  options: Partial<LookupPoolOptions> = {},
): Promise<{ server: ScriptedServer; pool: LookupPool }> {
  const server = await startScriptedServer(script);
  const pool = new LookupPool({
    connect: connectorTo(server, SERVICE),
    maxConnections: 2,
    maxInFlight: 8,
    maxWaiting: 100,
    maxWaitMs: 500,
    idleCloseMs: 60_000,
    maxAgeMs: 600_000,
    probeEveryMs: 60_000,
    probeTimeoutMs: 100,
    silenceMs: 60_000,
    ...options,
  });
  t.after(async () => {
    pool.close();
    await server[Symbol.asyncDispose]();
  });
  return { server, pool };
}

async function binds(
  t: TestContext,
  script: Script,
  options: Partial<BindPoolOptions> = {},
): Promise<{ server: ScriptedServer; pool: BindPool }> {
  const server = await startScriptedServer(script);
  const pool = new BindPool({
    connect: connectorTo(server),
    maxConnections: 3,
    maxWaiting: 100,
    maxWaitMs: 500,
    idleCloseMs: 60_000,
    maxAgeMs: 600_000,
    ...options,
  });
  t.after(async () => {
    pool.close();
    await server[Symbol.asyncDispose]();
  });
  return { server, pool };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 3000; !isTrue(); await sleep(5))
    assert.ok(Date.now() < deadline, 'it never comes true');
}

function kinds(outcomes: readonly { readonly kind: string }[]): string[] {
  return outcomes.map(({ kind }) => kind);
}

function many<T>(count: number, ask: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => ask(index)));
}

const count = (requests: readonly ReceivedRequest[], tag: number): number =>
  requests.filter((one) => one.tag === tag).length;

describe('a pool of lookups', () => {
  it('opens one connection for many first searches, binds it once, and sends them all over it', async (t) => {
    const { server, pool } = await lookups(t, answer);

    const outcomes = await many(8, () => pool.search(REQUEST, LIMITS));

    assert.deepEqual(kinds(outcomes), Array(8).fill('done'));
    assert.equal(count(server.requests, TAG.bindRequest), server.accepted);
    assert.ok(server.accepted <= 2);
    assert.equal(server.requests[0]?.tag, TAG.bindRequest);
  });

  it('opens more connections where all are busy, and no more than it may', async (t) => {
    const held: (() => void)[] = [];
    const { server, pool } = await lookups(t, answer);
    assert.equal(await pool.warm(), undefined);
    server.script = (request, socket) => {
      if (request.tag === TAG.searchRequest && server.accepted >= 2 && held.length < 16)
        held.push(() => answer(request, socket));
      else if (request.tag === TAG.searchRequest && pool.gauges.inFlight > 1 && server.accepted < 2)
        held.push(() => answer(request, socket));
      else answer(request, socket);
    };

    const outcomes = many(30, () => pool.search(REQUEST, LIMITS));
    await until(() => pool.gauges.open === 2);
    await until(() => held.length >= 8);
    server.script = answer;
    for (const release of held) release();

    assert.deepEqual(kinds(await outcomes), Array(30).fill('done'));
    assert.equal(server.accepted, 2);
  });

  it('lets no more wait than it may, and none longer than it may', async (t) => {
    const { server, pool } = await lookups(t, answer, {
      maxConnections: 1,
      maxInFlight: 1,
      maxWaiting: 2,
      maxWaitMs: 50,
    });
    await pool.warm();
    server.script = silent;

    const outcomes = await many(5, () => pool.search(REQUEST, { timeoutMs: 150 }));

    assert.deepEqual(kinds(outcomes), ['timeout', 'timeout', 'timeout', 'overloaded', 'overloaded']);
    assert.equal(pool.gauges.waiting, 0);
  });

  it('gives up a connection whose search timed out once a probe goes unanswered, and opens another', async (t) => {
    const { server, pool } = await lookups(t, answer, { maxConnections: 1 });
    await pool.warm();
    server.script = silent;
    const long = pool.search(REQUEST, { timeoutMs: 5000 });

    assert.equal((await pool.search(REQUEST, { timeoutMs: 50 })).kind, 'timeout');
    assert.equal((await long).kind, 'connection-lost');
    assert.equal(pool.isUsable, false);
    assert.equal((await pool.search(REQUEST, LIMITS)).kind, 'connect-failed');
    server.script = answer;
    assert.equal((await pool.search(REQUEST, LIMITS)).kind, 'done');
    assert.equal(pool.isUsable, true);
    assert.equal(pool.lastFailure, undefined);
  });

  it('keeps a connection whose server answers the probe after a search that took too long', async (t) => {
    const { server, pool } = await lookups(t, answer, { maxConnections: 1 });
    await pool.warm();
    let isFirst = true;
    server.script = (request, socket) => {
      if (request.tag === TAG.searchRequest && isFirst) isFirst = false;
      else answer(request, socket);
    };

    const outcomes = await Promise.all([pool.search(REQUEST, { timeoutMs: 50 }), pool.search(REQUEST, LIMITS)]);
    const after = await pool.search(REQUEST, LIMITS);

    assert.deepEqual(kinds([...outcomes, after]), ['timeout', 'done', 'done']);
    assert.equal(server.accepted, 1);
  });

  it('finds a server that has fallen silent long before the deadlines of its searches', async (t) => {
    const { server, pool } = await lookups(t, answer, { silenceMs: 200 });
    await pool.warm();
    server.script = silent;
    const start = performance.now();

    assert.equal((await pool.search(REQUEST, { timeoutMs: 10_000 })).kind, 'connection-lost');

    assert.ok(performance.now() - start < 1500);
    assert.equal(pool.isUsable, false);
  });

  it('says why the service account cannot bind, and not with what', async (t) => {
    const { server, pool } = await lookups(t, ({ id }, socket) => socket.write(bindDone(id, 49)));

    const outcomes = await many(3, () => pool.search(REQUEST, LIMITS));

    assert.deepEqual(kinds(outcomes), Array(3).fill('connect-failed'));
    assert.match(JSON.stringify(outcomes), /service account: invalidCredentials/);
    assert.doesNotMatch(JSON.stringify(outcomes), /service-secret/);
    await until(() => server.open.size === 0);
  });

  it('ends every search where the server goes away, and serves again when it is back', async (t) => {
    const { server, pool } = await lookups(t, answer);
    await pool.warm();
    server.script = silent;
    const outcomes = many(20, () => pool.search(REQUEST, LIMITS));
    await until(() => count(server.requests, TAG.searchRequest) > 8);
    for (const socket of server.open) socket.resetAndDestroy();

    for (const outcome of await outcomes) assert.notEqual(outcome.kind, 'done');
    server.script = answer;
    assert.equal((await pool.search(REQUEST, LIMITS)).kind, 'done');
  });

  it('closes spare connections when idle, replaces old ones, and asks the last one for signs of life', async (t) => {
    let now = 0;
    const { server, pool } = await lookups(t, answer, {
      growAt: 1,
      idleCloseMs: 1000,
      maxAgeMs: 10_000,
      probeEveryMs: 3000,
      now: () => now,
    });
    await pool.warm();
    await many(20, () => pool.search(REQUEST, LIMITS));
    await until(() => pool.gauges.open === 2);

    now = 1500;
    await until(() => pool.gauges.open === 1);
    const before = count(server.requests, TAG.searchRequest);
    now = 4700;
    await until(() => count(server.requests, TAG.searchRequest) > before);
    assert.equal(pool.gauges.open, 1);
    now = 20_000;
    await until(() => pool.gauges.open === 0);
    assert.equal((await pool.search(REQUEST, LIMITS)).kind, 'done');
  });

  it('answers at once when it is closed, also those who wait', async (t) => {
    const { server, pool } = await lookups(t, silent);
    const outcome = pool.search(REQUEST, LIMITS);

    pool.close();

    assert.equal((await outcome).kind, 'connection-lost');
    assert.equal((await pool.search(REQUEST, LIMITS)).kind, 'connection-lost');
    await until(() => server.open.size === 0);
  });
});

describe('a pool of binds', () => {
  it('has one bind at a time on each connection and nothing else, over few connections', async (t) => {
    const busy = new Set<unknown>();
    const { server, pool } = await binds(t, ({ id, tag }, socket) => {
      assert.equal(tag, TAG.bindRequest);
      assert.ok(!busy.has(socket));
      busy.add(socket);
      setTimeout(() => {
        busy.delete(socket);
        socket.write(bindDone(id, id % 2 === 0 ? 49 : 0));
      }, 2);
    });

    const outcomes = await many(60, () => pool.bind(USER, LIMITS));

    assert.deepEqual(kinds(outcomes), Array(60).fill('done'));
    assert.equal(server.accepted, 3);
    assert.deepEqual(pool.gauges, { open: 3, inFlight: 0, waiting: 0 });
  });

  it('loses no more than the connection of a bind that gets no answer', async (t) => {
    let isFirst = true;
    const { server, pool } = await binds(t, (request, socket) => {
      if (isFirst) isFirst = false;
      else setTimeout(answer, 20, request, socket);
    });

    const outcomes = await many(6, () => pool.bind(USER, { timeoutMs: 150 }));

    assert.deepEqual(kinds(outcomes).sort(), [...Array(5).fill('done'), 'timeout']);
    await until(() => server.open.size === 2);
    assert.equal((await pool.bind(USER, LIMITS)).kind, 'done');
  });

  it('bounds who waits and for how long', async (t) => {
    const { pool } = await binds(t, silent, { maxConnections: 1, maxWaiting: 2, maxWaitMs: 50 });

    const outcomes = await many(4, () => pool.bind(USER, { timeoutMs: 100 }));

    assert.deepEqual(kinds(outcomes), ['timeout', 'timeout', 'overloaded', 'overloaded']);
    assert.equal(pool.isUsable, false);
  });

  it('never sends an empty password, and goes on after it', async (t) => {
    const { server, pool } = await binds(t, answer);

    assert.equal((await pool.bind({ ...USER, password: Buffer.alloc(0) }, LIMITS)).kind, 'protocol-error');
    assert.equal((await pool.bind(USER, LIMITS)).kind, 'done');
    assert.equal(count(server.requests, TAG.bindRequest), 1);
    assert.equal(server.accepted, 1);
  });

  it('fails everybody at once where no connection can be had, and recovers', async (t) => {
    const { server, pool } = await binds(t, answer);
    const gone = new BindPool({
      connect: createConnector({ address: { kind: 'ldapi', path: '/nonexistent' }, connectTimeoutMs: 100 }),
      maxConnections: 2,
      maxWaiting: 100,
      maxWaitMs: 500,
      idleCloseMs: 1000,
      maxAgeMs: 1000,
    });

    assert.deepEqual(kinds(await many(20, () => gone.bind(USER, LIMITS))), Array(20).fill('connect-failed'));
    gone.close();
    await pool.bind(USER, LIMITS);
    for (const socket of server.open) socket.destroy();
    await until(() => pool.gauges.open === 0);
    assert.equal((await pool.bind(USER, LIMITS)).kind, 'done');
  });

  it('closes connections that are idle or old', async (t) => {
    let now = 0;
    const { pool } = await binds(t, answer, { idleCloseMs: 1000, maxAgeMs: 10_000, now: () => now });
    await many(3, () => pool.bind(USER, LIMITS));
    assert.equal(pool.gauges.open, 3);

    now = 1500;
    await until(() => pool.gauges.open === 0);
    await pool.bind(USER, LIMITS);
    now = 20_000;
    await pool.bind(USER, LIMITS);
    await until(() => pool.gauges.open === 0);
  });
});

describe('a reader of lists', () => {
  it('reads over a connection of its own, closes it however the list ends, and bounds how many are read', async (t) => {
    const server = await startScriptedServer(answer);
    t.after(() => server[Symbol.asyncDispose]());
    const lists = new ListReader(connectorTo(server, SERVICE), 1);
    const options = { pageSize: 10, limits: LIMITS };

    for await (const page of lists.read(REQUEST, options)) {
      assert.equal(page.kind, 'done');
      for await (const other of lists.read(REQUEST, options)) assert.equal(other.kind, 'overloaded');
      break;
    }

    assert.equal(lists.reading, 0);
    await until(() => server.open.size === 0);
    server.script = ({ id }, socket) => socket.write(bindDone(id, 49));
    for await (const page of lists.read(REQUEST, options)) assert.equal(page.kind, 'connect-failed');
  });
});
