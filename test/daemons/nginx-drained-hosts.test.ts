import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askService } from '../../src/cli/control-client.ts';
import { makeSelfSigned, type SelfSigned } from '../../src/cli/init/self-signed.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { DOVECOT_ACCOUNTS } from './dovecot-accounts.ts';
import { freePort } from './free-port.ts';
import { ImapClient } from './mail/imap-client.ts';
import { pop3Login } from './mail/pop3-client.ts';
import { type RelayStub, startRelayStub } from './mail/relay-stub.ts';
import { SmtpClient } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Nginx, startNginx } from './nginx.ts';
import { tryTool } from './run-tool.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));
const ALICE = { user: 'alice@example.test', password: 'alice-pw' } as const;
const PROBE_PASSWORD = 'probe-pw-of-the-test';
const ACCOUNTS = `${DOVECOT_ACCOUNTS}probe@example.test:{PLAIN}${PROBE_PASSWORD}::::::\n`;
const PROTOCOLS = ['imap', 'pop3', 'smtp'] as const;

interface ListedHost {
  readonly pool: string;
  readonly port: number;
  readonly state: string;
  readonly load: number;
  readonly probe: { readonly result: string; readonly detail: string | null } | null;
  readonly order: { readonly mode: string; readonly by: string; readonly reason: string } | null;
}

/** A mail host: its Dovecot, what that asks, and its ports for nginx by pool. */
interface Place {
  readonly behind: Nauthilus;
  readonly dovecot: Dovecot;
  readonly ports: Readonly<Record<(typeof PROTOCOLS)[number], number>>;
}

describe('a mail user whose mail hosts are probed by logins', { concurrency: 1 }, () => {
  const places: Place[] = [];
  const ports = { imap: 0, pop3: 0, smtp: 0 };
  let relay: RelayStub;
  let service: Nauthilus;
  let nginx: Nginx;

  before(async () => {
    for (const name of PROTOCOLS) ports[name] = await freePort();
    relay = await startRelayStub();
    const pair = await makeSelfSigned(['localhost'], [], new Date());
    places.push(...(await Promise.all([startPlace(relay.port, pair), startPlace(relay.port, pair)])));
    const plainPort = await freePort();
    service = await startNauthilus({
      accounts: ACCOUNTS,
      plainPort,
      files: { 'hosts.pem': pair.certificate, 'probe.secret': `${PROBE_PASSWORD}\n` },
      settings: settingsFor(places),
    });
    nginx = await startNginx({ blocks: blocksFor(ports, plainPort, service.credential), ports: Object.values(ports) });
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    for (const { dovecot, behind } of places) {
      await dovecot[Symbol.asyncDispose]();
      await behind[Symbol.asyncDispose]();
    }
    await relay?.[Symbol.asyncDispose]();
  });

  const command = (...args: readonly string[]) =>
    tryTool([LAUNCHER, 'mail-hosts', ...args, '--config', join(dirname(service.caFile), 'nauthilus.yaml')]);

  const socket = () => join(dirname(service.caFile), 'run', 'control.sock');
  const order = (mode: string, host: string) =>
    askService(socket(), { method: 'POST', path: '/api/v1/mail-hosts', body: { mode, host } });

  async function listed(): Promise<readonly ListedHost[]> {
    const { body } = await askService(socket(), { method: 'GET', path: '/api/v1/mail-hosts' });
    return (JSON.parse(body) as { result: { hosts: readonly ListedHost[] } }).result.hosts;
  }

  /** Waits until all hosts that are meant have this state. */
  async function untilState(state: string, isMeant: (host: ListedHost) => boolean): Promise<readonly ListedHost[]> {
    for (const deadline = Date.now() + 15_000; ; await sleep(200)) {
      const hosts = (await listed()).filter(isMeant);
      if (hosts.length > 0 && hosts.every((host) => host.state === state && host.probe !== null)) return hosts;
      if (Date.now() > deadline) throw new Error(`never ${state}: ${JSON.stringify(hosts)}`);
    }
  }

  /** Logs in, and gives which host has let the user in. */
  async function logInAt(protocol: (typeof PROTOCOLS)[number]): Promise<number> {
    const before = await Promise.all(places.map(({ dovecot }) => dovecot.log()));
    assert.match(await LOGINS[protocol](ports[protocol]), /^(OK|\+OK|235) /);
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(50)) {
      const logs = await Promise.all(places.map(({ dovecot }) => dovecot.log()));
      const found = logs.findIndex((log, i) => log.slice(before[i]?.length).includes(`Login: user=<${ALICE.user}>`));
      if (found !== -1) return found;
    }
    throw new Error('no host has logged the login');
  }

  const indexOf = ({ pool, port }: ListedHost) => places.findIndex((place) => portsOf(place)[pool] === port);
  const portsOf = ({ ports: own }: Place): Readonly<Record<string, number>> => own;

  it('logs in over IMAP behind PROXY headers, POP3 and submission, and no log has the password of the probes', async () => {
    await untilState('up', () => true);
    for (const protocol of PROTOCOLS) await logInAt(protocol);

    for (const { dovecot } of places) {
      for (const login of ['imap', 'pop3', 'submission'])
        await dovecot.logged(new RegExp(`${login}-login: .*Login: user=<probe@example\\.test>`));
      await dovecot.logged(/imap-login: .*Login: user=<probe@example\.test>, method=PLAIN, .*TLS/);
    }
    const told = [await service.log(), (await command('list')).stdout].join('');
    assert.ok(!told.includes(PROBE_PASSWORD) && !told.includes(Buffer.from(PROBE_PASSWORD).toString('base64')));
  });

  it('comes to the other host after "mail-hosts drain", and back after "resume"', async () => {
    const own = await logInAt('imap');
    const place = `127.0.0.1:${places[own]?.ports.imap}`;
    const { stdout } = await command('drain', place, '--reason', 'a new kernel');
    const during = await logInAt('imap');
    const { stdout: table } = await command('list');
    const { stdout: resumed } = await command('resume', place);

    assert.deepEqual([stdout, resumed], [`drained: ${place} (imap)\n`, `resumed: ${place} (imap)\n`]);
    assert.deepEqual([during, await logInAt('imap')], [1 - own, own]);
    assert.match(table, new RegExp(`^imap +${place} +drain .*alive .*control +a new kernel$`, 'm'));
    await service.logLine(
      /"caller":"control","mode":"drain","hosts":\["127\.0\.0\.1 port \d+"\],"reason":"a new kernel"/,
    );
  });

  it('comes to the other host during maintenance, and back', async () => {
    const own = await logInAt('imap');
    const place = `127.0.0.1:${places[own]?.ports.imap}`;
    await order('maintain', place);
    const during = await logInAt('imap');
    const host = (await listed()).find((one) => `127.0.0.1:${one.port}` === place);
    await order('resume', place);

    assert.deepEqual([host?.state, host?.order?.mode], ['maintain', 'maintain']);
    assert.deepEqual([during, await logInAt('imap')], [1 - own, own]);
  });

  it('is told of a temporary failure where all hosts are drained, by their one address', async () => {
    await order('drain', '127.0.0.1');
    const answer = await LOGINS.imap(ports.imap);
    await order('resume', '127.0.0.1');

    assert.match(answer, /^NO \[UNAVAILABLE\]/);
  });

  it('comes to the other host while his own takes connections but lets nobody in, and back', async () => {
    const own = await logInAt('imap');
    const isOwn = (host: ListedHost) => indexOf(host) === own;
    await places[own]?.behind.stop();
    const down = await untilState('down', isOwn);
    const during = await Promise.all(PROTOCOLS.map((protocol) => logInAt(protocol)));
    await places[own]?.behind.start();
    await untilState('up', isOwn);

    for (const { probe } of down) assert.match(probe?.detail ?? '', /^login: /);
    assert.deepEqual(during, [1 - own, 1 - own, 1 - own]);
    assert.equal(await logInAt('imap'), own);
  });

  it('has an operator told where a host is none', async () => {
    const { exitCode, stderr } = await command('drain', 'mail9.example.test');

    assert.equal(exitCode, 1);
    assert.equal(stderr, 'nauthilus: host: no pool of mail_hosts has mail9.example.test\n');
    assert.equal((await order('drain', 'two words')).status, 400);
  });
});

async function startPlace(relayPort: number, { certificate, key }: SelfSigned): Promise<Place> {
  const behind = await startNauthilus({ accounts: ACCOUNTS });
  const imap = await freePort();
  const dovecot = await startDovecot({
    version: '2.3',
    url: behind.url,
    ca: behind.ca,
    secret: `${behind.credential}\n`,
    relayPort,
    files: { 'server.pem': certificate, 'server.key': key },
    lines: [
      'haproxy_trusted_networks = 127.0.0.1/32',
      `service imap-login {\n  inet_listener imap_haproxy {\n    port = ${imap}\n    haproxy = yes\n  }\n}`,
    ],
  });
  return { behind, dovecot, ports: { imap, pop3: dovecot.ports.pop3, smtp: dovecot.ports.submission } };
}

const LOGINS: Readonly<Record<(typeof PROTOCOLS)[number], (port: number) => Promise<string>>> = {
  async imap(port) {
    const client = await ImapClient.open(port);
    const { text } = await client.login(ALICE.user, ALICE.password);
    client.close();
    return text;
  },
  pop3: (port) => pop3Login(port, ALICE),
  async smtp(port) {
    const client = await SmtpClient.open(port);
    const answer = await client.authPlain(ALICE.user, ALICE.password);
    client.close();
    return answer;
  },
};

function settingsFor(places: readonly Place[]): string[] {
  const secured = { tls: 'starttls', ca: 'hosts.pem', server_name: 'localhost' };
  const login = { name: 'probe@example.test', password: { file: 'probe.secret' } };
  const pools = PROTOCOLS.map((name) => ({
    name,
    protocols: [name],
    hosts: places.map(({ ports }) => ({ host: '127.0.0.1', port: ports[name] })),
    probe: { protocol: name, login, ...secured, proxy_protocol: name === 'imap', deadline: '8s' },
  }));
  return [
    `mail_hosts: ${JSON.stringify({ pools, probe_interval: '2s', probe_failures: 1, probe_successes: 1 })}`,
    'nginx: { response_codes: true }',
  ];
}

function blocksFor(
  ports: Readonly<Record<(typeof PROTOCOLS)[number], number>>,
  servicePort: number,
  credential: string,
): string {
  return `mail {
  server_name mail.example.test;
  auth_http 127.0.0.1:${servicePort}/api/v1/auth/nginx;
  auth_http_header Authorization "Basic ${Buffer.from(credential).toString('base64')}";
  proxy_pass_error_message on;
  server { listen 127.0.0.1:${ports.imap}; protocol imap; imap_auth plain login; proxy_protocol on; }
  server { listen 127.0.0.1:${ports.pop3}; protocol pop3; pop3_auth plain; }
  server { listen 127.0.0.1:${ports.smtp}; protocol smtp; smtp_auth plain login; proxy_smtp_auth on; xclient off; }
}`;
}
