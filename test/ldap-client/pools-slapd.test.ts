import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { compileFilter } from '../../src/backends/ldap/client/filter/filter.ts';
import { prepareSearch } from '../../src/backends/ldap/client/message/request.ts';
import { BindPool } from '../../src/backends/ldap/client/pool/bind-pool.ts';
import { createConnector } from '../../src/backends/ldap/client/pool/connector.ts';
import { ListReader } from '../../src/backends/ldap/client/pool/list-reader.ts';
import { LookupPool } from '../../src/backends/ldap/client/pool/lookup-pool.ts';
import { generatedAccount } from '../daemons/generated-accounts.ts';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';

const ACCOUNTS = 50;
const LIMITS = { timeoutMs: 800 };
const QUEUE = { maxWaiting: 200, maxWaitMs: 500, idleCloseMs: 60_000, maxAgeMs: 2000 };
const BY_ACCOUNT = compileFilter(['(nauthilusAccount=', { value: 0, source: '%{user}' }, ')']);

let slapd: Slapd;
let lookups: LookupPool;
let binds: BindPool;

before(async () => {
  slapd = await startSlapd({ tree: 'sample', accounts: ACCOUNTS });
  const address = { kind: 'ldap', host: '127.0.0.1', port: slapd.port } as const;
  const account = { kind: 'simple', dn: slapd.serviceDn, password: Buffer.from(slapd.servicePassword) } as const;
  const timing = { probeEveryMs: 1000, probeTimeoutMs: 200, silenceMs: 300 };
  const connect = createConnector({ address, connectTimeoutMs: 300, account });
  lookups = new LookupPool({ connect, maxConnections: 3, maxInFlight: 16, ...timing, ...QUEUE });
  binds = new BindPool({ connect: createConnector({ address, connectTimeoutMs: 300 }), maxConnections: 4, ...QUEUE });
});
after(async () => {
  lookups.close();
  binds.close();
  await slapd[Symbol.asyncDispose]();
});

/** A lookup and a bind, right or wrong by turns. Gives what was wrong with an answer, or the kind of a failure. */
async function login(turn: number): Promise<string> {
  const { name, dn, password } = generatedAccount(turn % ACCOUNTS, slapd.baseDn);
  const search = prepareSearch({ baseDn: slapd.baseDn, scope: 'subtree', attributes: ['uid'] });
  const found = await lookups.search({ search, filter: BY_ACCOUNT([Buffer.from(name)]) }, LIMITS);
  if (found.kind !== 'done') return found.kind;
  if (found.resultCode !== 0 || found.entries.length !== 1 || found.entries[0]?.dn !== dn) return 'WRONG ENTRY';
  const isRight = turn % 3 !== 0;
  const bind = await binds.bind({ kind: 'simple', dn, password: Buffer.from(isRight ? password : 'wrong') }, LIMITS);
  if (bind.kind === 'timeout') lookups.checkNow();
  if (bind.kind !== 'done') return bind.kind;
  return bind.resultCode === (isRight ? 0 : 49) ? 'right' : `WRONG RESULT ${bind.resultCode}`;
}

async function loadWhile(
  action: () => Promise<void>,
): Promise<{ readonly answers: Map<string, number>; readonly slowestMs: number }> {
  const answers = new Map<string, number>();
  let isOver = false;
  let slowestMs = 0;
  let turn = 0;
  const workers = Array.from({ length: 24 }, async () => {
    while (!isOver) {
      const start = performance.now();
      const answer = await login(turn++);
      slowestMs = Math.max(slowestMs, performance.now() - start);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      if (answer !== 'right') await sleep(10);
    }
  });
  await action().finally(() => {
    isOver = true;
  });
  await Promise.all(workers);
  return { answers, slowestMs };
}

describe('the LDAP pools under load', () => {
  for (const [what, fault] of [
    ['is left alone, and connections grow old', () => sleep(2500)],
    [
      'is stopped and goes on',
      async () => {
        await sleep(200);
        slapd.pause();
        await sleep(1500);
        assert.equal(lookups.isUsable, false);
        slapd.resume();
        await sleep(700);
      },
    ],
    [
      'is killed and started again',
      async () => {
        await sleep(200);
        await slapd.kill();
        await sleep(300);
        assert.equal(lookups.isUsable, false);
        await slapd.start();
        await sleep(700);
      },
    ],
    [
      'ends in an orderly way and is started again',
      async () => {
        await sleep(200);
        await slapd.stop();
        await slapd.start();
        await sleep(700);
      },
    ],
  ] satisfies [string, () => Promise<void>][]) {
    it(`give no wrong answer and keep their deadlines where the server ${what}`, async () => {
      const { answers, slowestMs } = await loadWhile(fault);

      assert.deepEqual(
        [...answers.keys()].filter((answer) => answer.startsWith('WRONG')),
        [],
      );
      assert.ok((answers.get('right') ?? 0) > 100, JSON.stringify([...answers]));
      assert.ok(slowestMs < 2 * LIMITS.timeoutMs + 300, `${slowestMs} ms`);
      assert.equal(await login(1), 'right');
      assert.equal(lookups.isUsable, true);
      assert.ok(lookups.gauges.open <= 4 && binds.gauges.open <= 4);
      assert.deepEqual(
        [lookups.gauges.inFlight, lookups.gauges.waiting, binds.gauges.inFlight, binds.gauges.waiting],
        [0, 0, 0, 0],
      );
      if (what.startsWith('is left alone')) assert.deepEqual([...answers.keys()], ['right']);
    });
  }

  it('leave a list alone that is read meanwhile', async () => {
    const address = { kind: 'ldap', host: '127.0.0.1', port: slapd.port } as const;
    const account = { kind: 'simple', dn: slapd.serviceDn, password: Buffer.from(slapd.servicePassword) } as const;
    const lists = new ListReader(createConnector({ address, connectTimeoutMs: 300, account }), 2);
    const search = prepareSearch({ baseDn: slapd.baseDn, scope: 'subtree', attributes: ['uid'] });
    const counts: number[] = [];

    await loadWhile(async () => {
      const read = async (): Promise<void> => {
        let found = 0;
        const request = { search, filter: BY_ANY };
        for await (const page of lists.read(request, { pageSize: 7, limits: { timeoutMs: 3000 } })) {
          assert.ok(page.kind === 'done' && page.resultCode === 0, JSON.stringify(page));
          found += page.entries.length;
        }
        counts.push(found);
      };
      await Promise.all([read(), read()]);
    });

    assert.deepEqual(counts, [ACCOUNTS, ACCOUNTS]);
  });
});

const BY_ANY = compileFilter(['(&(uid=user*)(nauthilusAccount=user*))'])([]);
