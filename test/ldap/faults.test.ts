import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';
import { type LdapSettings, openTestBackend, settingsFor, type TestedBackend } from './support/ldap-backend.ts';
import { SteadyLoad } from './support/steady-load.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const ACCOUNTS = 50;
/** Within this time of a fault another server has to have taken over wholly. */
const TAKE_OVER_MS = 2500;
/** The longest that any answer may take: two servers' deadlines and a bind. */
const LONGEST_MS = 5000;

async function until(condition: () => boolean, withinMs: number, what: string): Promise<number> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > withinMs) assert.fail(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
  return performance.now() - start;
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

function statesOf({ backend }: TestedBackend): string {
  return backend.servers.map(({ state }) => state).join(' ');
}

/** Under load: a fault, of which nobody but who was asked at that moment may notice, and its end. */
async function survive(
  tested: TestedBackend,
  { fault, mend }: { readonly fault: () => unknown; readonly mend: () => unknown },
): Promise<SteadyLoad> {
  await using load = new SteadyLoad(tested, ACCOUNTS);
  await sleep(200);
  assert.deepEqual(load.unansweredSince(0), []);
  const failedAt = load.now;
  await fault();
  await sleep(TAKE_OVER_MS + 700);
  const unanswered = load.unansweredSince(failedAt + TAKE_OVER_MS);
  assert.deepEqual(unanswered.slice(0, 3), [], 'another server has taken over');
  const mendedAt = load.now;
  await mend();
  await until(() => /^(up|suspect) (up|suspect)$/.test(statesOf(tested)), 8000, 'both servers are asked again');
  await sleep(300);
  assert.deepEqual(load.unansweredSince(mendedAt).slice(0, 3), [], 'what comes back disturbs nobody');
  await load.stop();
  assert.deepEqual(load.falseAnswers.slice(0, 3), []);
  assert.ok(load.longestMs < LONGEST_MS, `an answer took ${load.longestMs} ms`);
  return load;
}

describe('two servers under a steady load', () => {
  const opened = new AsyncDisposableStack();
  let one: Slapd;
  let other: Slapd;
  before(async () => {
    one = opened.use(await startSlapd({ accounts: ACCOUNTS }));
    other = opened.use(await startSlapd({ accounts: ACCOUNTS }));
  });
  after(() => opened.disposeAsync());

  const open = (settings?: LdapSettings) => openTestBackend(settingsFor([one, other], settings));

  it('share the work', async () => {
    await using tested = await open();
    await using load = new SteadyLoad(tested, ACCOUNTS);

    await until(() => load.answers.length > 200, 5000, 'answers');

    await load.stop();
    assert.deepEqual(load.unansweredSince(0), []);
    assert.deepEqual(load.falseAnswers, []);
    assert.ok(tested.backend.servers.every((server) => server.lookupGauges.open > 0));
  });

  it('answer for one of them that stops (SIGSTOP) and goes on', async () => {
    await using tested = await open();

    await survive(tested, { fault: () => one.pause(), mend: () => one.resume() });

    assert.deepEqual(
      tested.events.told.map((line) => line.split(' ', 2).join(' ')).filter((line) => !line.startsWith('slow')),
      [`down ${one.url}`, `up ${one.url}`],
    );
  });

  it('answer for one of them that is killed and started again', async () => {
    await using tested = await open();

    const load = await survive(tested, { fault: () => other.kill(), mend: () => other.start() });

    // Only binds that were under way are lost: searches are asked again.
    assert.ok(load.unansweredSince(0).length <= 8, JSON.stringify(load.unansweredSince(0)));
  });

  it('answer for one of them that comes back without an entry, and then with all', async () => {
    await using tested = await open();

    await survive(tested, { fault: () => other.restart({ empty: true }), mend: () => other.refill() });
  });

  it('are both missed while both are gone, and asked as soon as one is back', async () => {
    await using tested = await open();
    await using load = new SteadyLoad(tested, ACCOUNTS);
    await sleep(100);

    await Promise.all([one.kill(), other.kill()]);
    await until(() => !tested.backend.health().isReady, 1500, 'not ready');
    const goneAt = load.now;
    await sleep(500);
    // That a name is unknown is remembered for look-ups.
    const meanwhile = load.answers.filter(({ at, question }) => at >= goneAt && question !== 'unknown-account');
    assert.ok(meanwhile.length > 100);
    assert.deepEqual([...new Set(meanwhile.map(({ kind }) => kind))], ['unavailable']);
    assert.ok(
      meanwhile.every(({ ms }) => ms < 100),
      'nobody waits for servers that are known to be gone',
    );
    await one.start();
    const back = await until(() => tested.backend.health().isReady, 6000, 'ready again');
    const backAt = load.now;
    await sleep(300);
    await other.start();

    await load.stop();
    assert.deepEqual(load.unansweredSince(backAt), []);
    assert.deepEqual(load.falseAnswers, []);
    assert.ok(back < 2500, `one server was asked again ${back} ms after it was back`);
  });

  it('leave no connection and no memory behind', async () => {
    await until(() => openSockets() === 0, 2000, 'earlier connections are closed');
    {
      await using tested = await open();
      await using load = new SteadyLoad(tested, ACCOUNTS);
      const heapAfter = async (cycles: number) => {
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          await one.kill();
          await sleep(150);
          await one.start();
          await until(() => tested.backend.servers[0]?.state === 'up', 6000, 'up again');
        }
        load.answers.length = 0;
        collectGarbage();
        return process.memoryUsage().heapUsed;
      };

      const first = await heapAfter(2);
      const last = await heapAfter(3);
      await load.stop();

      for (const { lookupGauges, bindGauges } of tested.backend.servers) {
        assert.ok(lookupGauges.open <= 4 && lookupGauges.waiting === 0, JSON.stringify(lookupGauges));
        assert.ok((bindGauges?.open ?? 0) <= 16 && bindGauges?.waiting === 0, JSON.stringify(bindGauges));
      }
      assert.ok(last - first < 4 << 20, `${last - first} bytes more`);
    }
    await until(() => openSockets() === 0, 2000, 'all connections are closed');
  });
});
