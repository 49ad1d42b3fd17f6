import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { generateFolder } from '../../../../test/support/generate-folder.ts';
import { type Outcome, runCommand } from '../../../../test/support/run-command.ts';

const run = (...args: readonly string[]) => runCommand('generate', ...args);

const MAPS = `maps:
  - { name: boxes, gives: text }
  - { name: senders }
  - { name: aliases, gives: attributes, attributes: [to] }
  - { name: more, gives: attributes, attributes: [cc] }
  - { name: domains, gives: domain, domains: [example.test] }
`;

describe('generate for mail servers that speak no HTTP', () => {
  const folder = generateFolder(async ({ at }) => {
    await writeFile(at('accounts'), '');
  });
  const { read } = folder;

  /** @param lines settings for lines of the service */
  async function generate(target: string, lines: string, ...more: readonly string[]): Promise<Outcome> {
    const rest = `listeners: [{ port: 9080 }]
callers: [{ name: mx, secret: '{SHA512}${Buffer.alloc(64).toString('base64')}', scopes: [authenticate] }]
backends: [{ name: a, type: file, path: accounts }]
`;
    const file = await folder.configure(`${rest}${lines}`);
    return run(target, '--config', file, '--output', folder.output, ...more);
  }

  it('has Postfix ask over a socket within its chroot, by a path from there', async () => {
    const socket = '{ path: /var/spool/postfix/nauthilus/auth }';
    const { exitCode, err } = await generate(
      'postfix',
      `line_listeners: [{ name: a, protocol: sasl, unix: ${socket} }]`,
    );

    assert.deepEqual([exitCode, err], [0, '']);
    assert.equal(
      (await read('main.settings')).split('\n').slice(1).join('\n'),
      `smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = nauthilus/auth
smtpd_sasl_security_options = noanonymous
smtpd_tls_auth_only = yes
`,
    );
  });

  it('warns of a socket that a chroot hides', async () => {
    const lines = 'line_listeners: [{ name: a, protocol: sasl, unix: { path: /run/nauthilus/auth } }]';
    const { err } = await generate('postfix', lines);

    assert.match(err, /\/run\/nauthilus\/auth does not lie in \/var\/spool\/postfix/);
    assert.match(await read('main.settings'), /^smtpd_sasl_path = \/run\/nauthilus\/auth$/m);
  });

  it('has Postfix look up in each map what the map gives', async () => {
    const listeners =
      'line_listeners: [{ name: a, protocol: sasl, port: 12345 }, { name: b, protocol: socketmap, port: 12346 }]';
    const { exitCode, err } = await generate('postfix', `${MAPS}${listeners}`);
    const settings = await read('main.settings');
    const table = 'socketmap:inet:127.0.0.1:12346';

    assert.deepEqual([exitCode, err], [0, '']);
    assert.match(settings, /^smtpd_sasl_path = inet:127\.0\.0\.1:12345$/m);
    assert.ok(settings.includes(`virtual_mailbox_domains = ${table}:domains\n`));
    assert.ok(settings.includes(`virtual_mailbox_maps = ${table}:boxes\n`));
    assert.ok(settings.includes(`virtual_alias_maps = ${table}:aliases, ${table}:more\n`));
    assert.ok(settings.includes(`smtpd_sender_login_maps = ${table}:senders\n`));
    assert.match(await read('README.md'), /reject_sender_login_mismatch/);
  });

  for (const [target, lines, args, message] of [
    ['postfix', '', [], /no listener that Postfix could ask.*protocol: sasl/s],
    ['exim', '', [], /no listener that Exim could ask.*protocol: sasl/s],
    ['exim', 'line_listeners: [{ name: a, protocol: sasl, port: 12345 }]', [], /over a unix socket only/],
    ['postfix', 'line_listeners: [{ name: a, protocol: sasl, port: 0 }]', [], /port 0/],
    [
      'postfix',
      'line_listeners: [{ name: a, protocol: sasl, port: 1 }, { name: b, protocol: sasl, port: 2 }]',
      [],
      /several listeners for sasl in line_listeners; there are a, b/,
    ],
    ['postfix', 'line_listeners: [{ name: a, protocol: sasl, port: 1 }]', ['--sasl', 'c'], /no listener c for sasl/],
  ] as const)
    it(`says what ${target} lacks: ${message.source}`, async () => {
      const { exitCode, err } = await generate(target, lines, ...args);

      assert.notEqual(exitCode, 0);
      assert.match(err, message);
    });

  it('has Exim offer logins within TLS, or always', async () => {
    const lines = "line_listeners: [{ name: a, protocol: sasl, unix: { path: /run/x, group: '903' } }]";
    const { exitCode, err } = await generate('exim', lines);
    const secured = await read('30_nauthilus');
    await generate('exim', lines, '--cleartext', '--force');

    assert.deepEqual([exitCode, err], [0, '']);
    assert.match(
      secured,
      /^nauthilus_plain:\n {2}driver = dovecot\n {2}public_name = PLAIN\n {2}server_socket = \/run\/x$/m,
    );
    assert.match(secured, /^nauthilus_login:$/m);
    assert.equal(secured.match(/server_advertise_condition = \$\{if def:tls_in_cipher\}/g)?.length, 2);
    assert.doesNotMatch(await read('30_nauthilus'), /server_advertise_condition/);
  });

  it('warns of a socket that nobody but the service can open', async () => {
    const { err } = await generate('exim', 'line_listeners: [{ name: a, protocol: sasl, unix: { path: /run/x } }]');

    assert.match(err, /Exim's user cannot open it; set group: Debian-exim/);
  });
});
