import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { DOVECOT_ACCOUNTS } from './dovecot-accounts.ts';
import { freePort } from './free-port.ts';
import { ImapClient } from './mail/imap-client.ts';
import { pop3Login } from './mail/pop3-client.ts';
import { type RelayStub, startRelayStub } from './mail/relay-stub.ts';
import { SmtpClient } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Nginx, startNginx } from './nginx.ts';

const ALICE = { user: 'alice@example.test', password: 'alice-pw' } as const;
const FRANK = { user: 'frank@example.test', password: 'frank-pw' } as const;

describe('a mail user in front of whom is nginx', { concurrency: 1 }, () => {
  const ports = { imap: 0, pop3: 0, smtp: 0 };
  let plainPort = 0;
  const hosts: Dovecot[] = [];
  /** Ports of the mail hosts that the service knows. */
  let places: number[] = [];
  let relay: RelayStub;
  /** What the mail hosts ask. */
  let behind: Nauthilus;
  /** What nginx asks. */
  let service: Nauthilus;
  let nginx: Nginx;

  const startHost = (imapPort: number) =>
    startDovecot({
      version: '2.3',
      url: behind.url,
      ca: behind.ca,
      secret: `${behind.credential}\n`,
      imapPort,
      relayPort: relay.port,
    });

  before(async () => {
    for (const name of ['imap', 'pop3', 'smtp'] as const) ports[name] = await freePort();
    plainPort = await freePort();
    relay = await startRelayStub();
    behind = await startNauthilus({ accounts: DOVECOT_ACCOUNTS });
    for (let i = 0; i < 2; i += 1) hosts.push(await startHost(await freePort()));
    places = hosts.flatMap((host) => [host.ports.imap, host.ports.pop3, host.ports.submission]);
    service = await startNauthilus({
      accounts: DOVECOT_ACCOUNTS,
      plainPort,
      settings: settingsFor(hosts),
    });
    nginx = await startNginx({ blocks: blocksFor(ports, plainPort, service.credential), ports: Object.values(ports) });
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    for (const host of hosts) await host[Symbol.asyncDispose]();
    await behind?.[Symbol.asyncDispose]();
    await relay?.[Symbol.asyncDispose]();
  });

  async function loginAs({ user, password }: { user: string; password: string }): Promise<string> {
    const client = await ImapClient.open(ports.imap);
    try {
      const { text } = await client.login(user, password);
      return text;
    } finally {
      client.close();
    }
  }

  /** The host that has let the user in last. */
  async function hostOf(user: string, logins: readonly number[]): Promise<number> {
    const counts = await loginsOf(user);
    return counts.findIndex((count, i) => count > (logins[i] ?? 0));
  }

  async function loginsOf(user: string): Promise<number[]> {
    const logs = await Promise.all(hosts.map((host) => host.log()));
    return logs.map((log) => log.split(`Login: user=<${user}>`).length - 1);
  }

  it('logs in over IMAP, by an alias too, and always comes to the same host', async () => {
    const before = await loginsOf(ALICE.user);

    for (const user of [ALICE.user, 'Postmaster@example.test', 'alice', ALICE.user])
      assert.match(await loginAs({ ...ALICE, user }), /^OK .*Logged in/);

    const counts = (await loginsOf(ALICE.user)).map((count, i) => count - (before[i] ?? 0));
    assert.deepEqual(
      counts.toSorted((a, b) => a - b),
      [0, 4],
    );
  });

  it('logs in over POP3', async () => {
    assert.match(await pop3Login(ports.pop3, ALICE), /^\+OK/);
  });

  it('submits mail after AUTH', async () => {
    const client = await SmtpClient.open(ports.smtp);
    const answer = await client.authPlain(ALICE.user, ALICE.password);
    const delivered = answer.startsWith('235') ? await client.deliver(ALICE.user, 'x@example.net') : answer;
    client.close();

    assert.match(delivered, /^250/);
    assert.equal(relay.messages.length, 1);
  });

  for (const [what, who] of [
    ['a wrong password', { ...ALICE, password: 'wrong' }],
    ['a name that nobody has', { user: 'nobody@example.test', password: 'x' }],
  ] as const)
    it(`is refused with ${what} in every protocol, in its own words`, async () => {
      const client = await SmtpClient.open(ports.smtp);
      const smtp = await client.authPlain(who.user, who.password);
      client.close();

      assert.match(await loginAs(who), /^NO \[AUTHENTICATIONFAILED\] Invalid login or password/);
      assert.match(await pop3Login(ports.pop3, who), /^-ERR \[AUTH\] Invalid login or password/);
      assert.match(smtp, /^535 5\.7\.8 Invalid login or password/);
    });

  it('may try again on its connection, but not for ever', async () => {
    const client = await ImapClient.open(ports.imap);
    const answers: string[] = [];
    for (const password of ['wrong-1', 'wrong-2', 'wrong-3', 'wrong-4']) {
      const answer = await client
        .login(FRANK.user, password)
        .catch((error: Error) => ({ text: `closed: ${error.message}` }));
      answers.push(answer.text);
    }
    client.close();

    for (const refused of answers.slice(0, 3)) assert.match(refused, /^NO /);
    assert.match(answers[3] ?? '', /^closed/);
  });

  it('comes to the other host while his own is stopped, and to his own when it is back', async () => {
    const first = await loginsOf(ALICE.user);
    await loginAs(ALICE);
    const own = await hostOf(ALICE.user, first);
    const { imap } = (hosts[own] as Dovecot).ports;
    const other = 1 - own;

    await hosts[own]?.[Symbol.asyncDispose]();
    await service.logLine(new RegExp(`"server":"127.0.0.1 port ${imap}".*"server down"`));
    const meanwhile = countOf(await (hosts[other] as Dovecot).log(), ALICE.user);
    const moved = await loginAs(ALICE);
    const after = countOf(await (hosts[other] as Dovecot).log(), ALICE.user);
    hosts[own] = await startHost(imap);
    await service.logLine(new RegExp(`"server":"127.0.0.1 port ${imap}".*"server up again"`));
    const back = await loginAs(ALICE);

    assert.match(moved, /^OK .*Logged in/);
    assert.equal(after, meanwhile + 1);
    assert.match(back, /^OK .*Logged in/);
    assert.equal(countOf(await (hosts[own] as Dovecot).log(), ALICE.user), 1);
  });

  it('is told of a temporary failure while no host is alive', async () => {
    for (const host of hosts) await host[Symbol.asyncDispose]();
    for (const place of places) await latestState(service, place, 'server down');

    assert.match(await loginAs(ALICE), /^NO \[UNAVAILABLE\] Temporary server problem/);
    assert.match(await pop3Login(ports.pop3, ALICE), /^-ERR \[SYS\/TEMP\]/);
    const client = await SmtpClient.open(ports.smtp);
    assert.match(await client.authPlain(ALICE.user, ALICE.password), /^451 4\.3\.0/);
    client.close();
  });

  it('is told of a temporary failure while nginx is not let in', async () => {
    const other = { imap: await freePort(), pop3: await freePort(), smtp: await freePort() };
    await using stranger = await startNginx({
      blocks: blocksFor(other, plainPort, 'stranger:unknown'),
      ports: Object.values(other),
    });
    const client = await SmtpClient.open(other.smtp);
    const answer = await client.authPlain(ALICE.user, ALICE.password);
    client.close();

    assert.match(answer, /^451 4\.3\.0 Temporary server problem/, await stranger.log());
  });
});

function countOf(log: string, user: string): number {
  return log.split(`Login: user=<${user}>`).length - 1;
}

/** Waits until the last thing that is told of a mail host is this. */
async function latestState(service: Nauthilus, port: number, state: string): Promise<void> {
  const lastOf = (log: string) => log.split('\n').findLast((line) => line.includes(`"127.0.0.1 port ${port}"`)) ?? '';
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(20))
    if (lastOf(await service.log()).includes(`"${state}"`)) return;
  throw new Error(`port ${port} never came to ${state}`);
}

function settingsFor(hosts: readonly Dovecot[]): string[] {
  const pool = (name: string, portOf: (dovecot: Dovecot) => number) => ({
    name,
    protocols: [name],
    hosts: hosts.map((host) => ({ host: '127.0.0.1', port: portOf(host) })),
  });
  const pools = [
    pool('imap', ({ ports }) => ports.imap),
    pool('pop3', ({ ports }) => ports.pop3),
    pool('smtp', ({ ports }) => ports.submission),
  ];
  return [
    `mail_hosts: ${JSON.stringify({ pools, probe_interval: '1s', probe_failures: 1, probe_successes: 1 })}`,
    'nginx: { wait: 1s, max_attempts: 3, response_codes: true }',
  ];
}

function blocksFor(
  ports: { readonly imap: number; readonly pop3: number; readonly smtp: number },
  servicePort: number,
  credential: string,
): string {
  return `mail {
  server_name mail.example.test;
  auth_http 127.0.0.1:${servicePort}/api/v1/auth/nginx;
  auth_http_header Authorization "Basic ${Buffer.from(credential).toString('base64')}";
  proxy_pass_error_message on;
  server { listen 127.0.0.1:${ports.imap}; protocol imap; imap_auth plain login; }
  server { listen 127.0.0.1:${ports.pop3}; protocol pop3; pop3_auth plain; }
  server { listen 127.0.0.1:${ports.smtp}; protocol smtp; smtp_auth plain login; proxy_smtp_auth on; xclient off; }
}`;
}
