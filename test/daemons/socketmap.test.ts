import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { awayDirectory } from './away-directory.ts';
import { freePort } from './free-port.ts';
import { SmtpClient } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Postfix, startPostfix } from './postfix.ts';
import { runTool } from './run-tool.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));

const ACCOUNTS = `alice@example.test:{PLAIN}alice-pw::::::forward=team@example.test forward2=x@other.test
bob@example.test:{PLAIN}bob-pw::::::disabled=yes
team@example.test:{PLAIN}team-pw::::::send=alice@example.test
`;

/** What `nauthilus generate postfix` makes for a Postfix that is not in a chroot. */
async function generatedSettings(service: Nauthilus, folder: string): Promise<Readonly<Record<string, string>>> {
  const config = join(dirname(service.caFile), 'nauthilus.yaml');
  const args = ['--config', config, '--output', folder, '--socketmap', 'maps', '--chroot', '/'];
  await runTool([LAUNCHER, 'generate', 'postfix', ...args]);
  const lines = (await readFile(join(folder, 'main.settings'), 'utf8')).split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => [...line.matchAll(/^(\w+) = (.*)$/g)].map(([, key, value]) => [key, value])),
  );
}

describe('Postfix with what "nauthilus generate postfix" writes', { concurrency: 1 }, () => {
  let folder: string;
  let service: Nauthilus;
  let postfix: Postfix;
  let smtp: number;
  const maps = { unix: '', inet: '', tcp: '' };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-maps-'));
    await chmod(folder, 0o755);
    const [tables, table] = [await freePort(), await freePort()];
    maps.unix = `socketmap:unix:${join(folder, 'maps')}`;
    maps.inet = `socketmap:inet:127.0.0.1:${tables}`;
    maps.tcp = `tcp:127.0.0.1:${table}`;
    service = await startNauthilus({
      accounts: ACCOUNTS,
      backends: [{ name: 'accounts', type: 'file', path: 'accounts.passwd' }, await awayDirectory()],
      settings: [
        'maps:',
        '  - { name: mailboxes, gives: text }',
        '  - { name: senders, gives: account, attributes: [send] }',
        '  - { name: aliases, gives: attributes, attributes: [forward, forward2] }',
        '  - { name: domains, gives: domain, domains: [away.test], domains_from: [accounts] }',
        'line_listeners:',
        `  - { name: maps, protocol: socketmap, unix: { path: ${join(folder, 'maps')}, group: postfix } }`,
        `  - { name: maps-inet, protocol: socketmap, port: ${tables}, maps: [mailboxes, aliases] }`,
        `  - { name: table, protocol: tcp_table, port: ${table}, maps: [mailboxes] }`,
        `  - { name: logins, protocol: sasl, unix: { path: ${join(folder, 'auth')}, group: postfix } }`,
      ],
    });
    smtp = await freePort();
    postfix = await startPostfix({
      main: {
        ...(await generatedSettings(service, join(folder, 'generated'))),
        smtpd_tls_auth_only: 'no',
        smtpd_error_sleep_time: '0',
        virtual_transport: 'discard:',
        smtpd_sender_restrictions: 'reject_sender_login_mismatch',
        smtpd_relay_restrictions: 'permit_sasl_authenticated, reject_unauth_destination',
      },
      services: [`127.0.0.1:${smtp} inet n - n - - smtpd`],
      ports: [smtp],
    });
  });
  after(async () => {
    await postfix?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** What `postmap -q` prints, `not found`, or `temporary` where it cannot say. */
  function query(key: string, map: string): Promise<string> {
    return postfix.run('postmap', '-q', key, map).then(
      (found) => found.trimEnd(),
      (cause: Error) => (/fatal|error|warning/.test(cause.message) ? 'temporary' : 'not found'),
    );
  }

  for (const [map, key, value] of [
    ['mailboxes', 'alice@example.test', 'OK'],
    ['mailboxes', 'nobody@example.test', 'not found'],
    ['mailboxes', 'bob@example.test', 'not found'],
    ['mailboxes', 'somebody@away.test', 'temporary'],
    ['senders', 'alice@example.test', 'alice@example.test'],
    ['senders', 'team@example.test', 'team@example.test,alice@example.test'],
    ['aliases', 'alice@example.test', 'team@example.test,x@other.test'],
    ['aliases', 'team@example.test', 'not found'],
    ['domains', 'example.test', 'OK'],
    ['domains', 'away.test', 'OK'],
    ['domains', 'other.test', 'not found'],
    ['strange', 'alice@example.test', 'temporary'],
  ] as const)
    it(`finds by postmap ${value} for ${key} in ${map}`, async () => {
      assert.equal(await query(key, `${maps.unix}:${map}`), value);
    });

  it('finds the same over TCP and by tcp_table, and no map that is not for the listener', async () => {
    for (const map of [`${maps.inet}:mailboxes`, maps.tcp]) {
      assert.equal(await query('alice@example.test', map), 'OK');
      assert.equal(await query('nobody@example.test', map), 'not found');
      assert.equal(await query('two words % @example.test', map), 'not found');
    }
    assert.equal(await query('alice@example.test', `${maps.inet}:aliases`), 'team@example.test,x@other.test');
    assert.equal(await query('alice@example.test', `${maps.inet}:senders`), 'temporary');
  });

  async function answersTo(lines: readonly string[], user?: string, password = ''): Promise<string> {
    const client = await SmtpClient.open(smtp);
    try {
      if (user !== undefined) assert.match(await client.authPlain(user, password), /^235/);
      let answer = '';
      for (const line of lines) answer = await client.command(line);
      return answer;
    } finally {
      client.close();
    }
  }

  for (const [what, to, answer] of [
    ['accepts who is there', 'alice@example.test', /^250 /],
    ['refuses who is not there', 'nobody@example.test', /^550 5\.1\.1 .*User unknown in virtual mailbox table/],
    ['refuses who is disabled', 'bob@example.test', /^550 5\.1\.1 /],
    ['puts off who nobody knows of now', 'somebody@away.test', /^451 4\.3\.0 /],
    ['relays nothing', 'somebody@other.test', /^454|^554 5\.7\.1 /],
  ] as const)
    it(`${what} at RCPT TO`, async () => {
      assert.match(await answersTo(['MAIL FROM:<stranger@other.test>', `RCPT TO:<${to}>`]), answer);
    });

  for (const [what, from, answer] of [
    ['lets a login send as itself', 'alice@example.test', /^250 /],
    ['lets it send as an address that names it', 'team@example.test', /^250 /],
  ] as const)
    it(`${what}`, async () => {
      const dialogue = [`MAIL FROM:<${from}>`, 'RCPT TO:<alice@example.test>'];
      assert.match(await answersTo(dialogue, 'alice@example.test', 'alice-pw'), answer);
    });

  it('keeps a login from the address of another, and strangers from those that have one', async () => {
    const dialogue = ['MAIL FROM:<alice@example.test>', 'RCPT TO:<alice@example.test>'];

    assert.match(await answersTo(dialogue, 'team@example.test', 'team-pw'), /^553 5\.7\.1 .*not owned by user/);
    assert.match(await answersTo(dialogue), /^553 5\.7\.1 .*not logged in/);
  });

  it('goes on when the service was started again', async () => {
    const client = await SmtpClient.open(smtp);
    await client.command('MAIL FROM:<stranger@other.test>');
    assert.match(await client.command('RCPT TO:<alice@example.test>'), /^250 /);
    await service.stop();
    await service.start();

    assert.match(await client.command('RCPT TO:<team@example.test>'), /^250 /);
    assert.match(await client.command('RCPT TO:<nobody@example.test>'), /^550 /);
    client.close();
  });
});
