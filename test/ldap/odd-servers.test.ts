import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../daemons/certificate-authority.ts';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';
import { openTestBackend, settingsFor, type TestedBackend } from './support/ldap-backend.ts';
import { startCuttingProxy, startSilentServer } from './support/odd-servers.ts';
import { SteadyLoad } from './support/steady-load.ts';

const ACCOUNTS = 50;
const QUICK = { connect: '400ms', search: '400ms', bind: '400ms' };

/** Under load for a while: gives what was answered, which may hold outages but nothing false. */
async function loaded(tested: TestedBackend, ms: number): Promise<SteadyLoad> {
  const load = new SteadyLoad(tested, ACCOUNTS);
  await sleep(ms);
  await load.stop();
  assert.deepEqual(load.falseAnswers.slice(0, 3), []);
  return load;
}

async function isUp(tested: TestedBackend): Promise<void> {
  await saysOf(tested, /^\S+ up$/);
}

/** Waits for what the backend says of its only server. */
async function saysOf(tested: TestedBackend, detail: RegExp): Promise<void> {
  for (let tries = 0; !detail.test(tested.backend.health().detail); tries += 1) {
    assert.ok(tries < 800, tested.backend.health().detail);
    await sleep(10);
  }
}

describe('beside a good server', () => {
  const opened = new AsyncDisposableStack();
  let slapd: Slapd;
  before(async () => {
    slapd = opened.use(await startSlapd({ accounts: ACCOUNTS }));
  });
  after(() => opened.disposeAsync());

  it('one that takes connections and never answers disturbs nobody', async () => {
    await using silent = await startSilentServer();
    const servers = [silent.url, slapd.url];
    await using tested = await openTestBackend(settingsFor([slapd], { servers, timeouts: QUICK }));

    const load = await loaded(tested, 1500);

    assert.deepEqual(load.unansweredSince(0), []);
    assert.ok(load.longestMs < 300, `${load.longestMs} ms`);
    assert.match(
      tested.backend.health().detail,
      /down \(the bind of the service account: no answer to a bind in time\)/,
    );
  });

  it('one that resets in the middle of answers is left alone, and asked again when it is well', async () => {
    await using proxy = await startCuttingProxy(slapd.port);
    const servers = [proxy.url, slapd.url];
    await using tested = await openTestBackend(settingsFor([slapd], { servers }));
    proxy.isCutting = true;

    const load = await loaded(tested, 1500);
    const cutsUnderLoad = proxy.cuts;
    proxy.isCutting = false;
    await sleep(2200);
    const better = await loaded(tested, 300);

    // A refusal that comes while the server loses connections is not believed; all else is asked again elsewhere.
    const unanswered = load.unansweredSince(0).filter(({ question }) => question !== 'wrong-password');
    assert.deepEqual(unanswered, []);
    assert.ok(cutsUnderLoad > 0);
    assert.ok(cutsUnderLoad < load.answers.length / 20, `${cutsUnderLoad} cuts of ${load.answers.length} answers`);
    assert.deepEqual(better.unansweredSince(0), []);
    assert.equal(tested.backend.servers[0]?.state, 'up');
  });
});

describe('a single server', () => {
  it('whose service account has a new password is an outage, until the password is the old one again', async () => {
    await using slapd = await startSlapd({ accounts: ACCOUNTS });
    await using tested = await openTestBackend(settingsFor([slapd]));
    const setPassword = (password: string) =>
      slapd.modify(`dn: ${slapd.serviceDn}\nchangetype: modify\nreplace: userPassword\nuserPassword: ${password}\n`);

    await setPassword('another-secret');
    await slapd.restart();
    await saysOf(tested, /the bind of the service account: invalidCredentials/);
    const load = await loaded(tested, 400);
    assert.deepEqual(load.answeredSince(0), []);

    await setPassword(slapd.servicePassword);
    await isUp(tested);
    assert.deepEqual((await loaded(tested, 300)).unansweredSince(0), []);
  });

  it('that has lost every entry is an outage, not a refusal, for who may see that too', async () => {
    await using slapd = await startSlapd({ accounts: ACCOUNTS });
    const settings = { servers: [slapd.socketUrl], bind: { sasl: 'external' } };
    for (const password_check of ['bind', 'compare']) {
      await using tested = await openTestBackend(settingsFor([slapd], { ...settings, password_check }));
      assert.deepEqual((await loaded(tested, 200)).unansweredSince(0), []);

      await slapd.restart({ empty: true });
      await saysOf(tested, /the base DN does not exist there/);
      const load = await loaded(tested, 400);
      const remembered = load.answeredSince(0).filter(({ question }) => question !== 'unknown-account');
      assert.deepEqual(remembered, []);

      await slapd.refill();
      await isUp(tested);
      assert.deepEqual((await loaded(tested, 300)).unansweredSince(0), []);
    }
  });

  it('that restarts is asked again without a login lost but those at that moment', async () => {
    await using slapd = await startSlapd({ accounts: ACCOUNTS });
    await using tested = await openTestBackend(settingsFor([slapd]));
    await slapd.restart();
    // The lost connections are seen within a quarter of a second.
    await sleep(300);
    await isUp(tested);

    assert.deepEqual((await loaded(tested, 300)).unansweredSince(0), []);
  });
});

describe('servers with certificates', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-ca-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('are not asked where the certificate has ended, is of another name or of a stranger', async () => {
    const authority = await createAuthority(folder);
    const good = await authority.issue({ name: 'good', altNames: ['IP:127.0.0.1'] });
    const ended = await authority.issue({ name: 'ended', altNames: ['IP:127.0.0.1'], isExpired: true });
    const others = await authority.issue({ name: 'others', altNames: ['IP:127.0.0.2'] });
    const tls = { ca: authority.certificate };
    await using slapd = await startSlapd({ accounts: ACCOUNTS, tls: { ...good, ...tls } });
    await using withEnded = await startSlapd({ accounts: ACCOUNTS, tls: { ...ended, ...tls } });
    await using withOthers = await startSlapd({ accounts: ACCOUNTS, tls: { ...others, ...tls } });
    const bad = [withEnded, withOthers];

    for (const starttls of ['off', 'required']) {
      const urlOf = (one: Slapd) => (starttls === 'off' ? one.tlsUrl : one.url);
      const settings = { starttls, tls, servers: [...bad, slapd].map(urlOf) };
      await using tested = await openTestBackend(settingsFor([slapd], settings));
      assert.deepEqual((await loaded(tested, 300)).unansweredSince(0), []);
      const { detail } = tested.backend.health();
      assert.match(detail, /certificate has expired/);
      assert.match(detail, /127\.0\.0\.1 is not in the cert's list/);
    }
    await using alone = await openTestBackend(settingsFor([slapd], { tls, servers: bad.map(({ tlsUrl }) => tlsUrl) }));
    assert.deepEqual((await loaded(alone, 300)).answeredSince(0), []);
    await using stranger = await openTestBackend(settingsFor([slapd], { servers: [slapd.tlsUrl] }));
    assert.deepEqual((await loaded(stranger, 200)).answeredSince(0), []);
  });
});
