import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { generateFolder } from '../../../test/support/generate-folder.ts';
import { runCommand } from '../../../test/support/run-command.ts';
import { Secret } from '../../login/secret.ts';
import { hashPassword } from '../../passwords/hash-password.ts';

const run = (...args: readonly string[]) => runCommand('generate', 'saslauthd', ...args);

describe('generate saslauthd', () => {
  const folder = generateFolder(async ({ at }) => {
    await writeFile(at('accounts'), '');
    await writeFile(at('secret'), 'saslauthd:r%g t+', { mode: 0o600 });
  });
  const { at, read } = folder;

  async function config({ tls = false, scopes = 'authenticate', more = '' } = {}): Promise<readonly string[]> {
    const hash = await hashPassword(Secret.fromText('r%g t+'), 'SSHA512');
    const file =
      await folder.configure(`listeners: [{ address: 127.0.0.1, port: 9080${tls ? ', tls: { certificate: cert.pem, key: key.pem }' : ''} }]
callers: [{ name: saslauthd, secret: '${hash}', scopes: [${scopes}] }]
backends: [{ name: a, type: file, path: accounts }]
${more}`);
    return ['--config', file, '--output', folder.output, '--secret-file', at('secret')];
  }

  it('writes what saslauthd sends, with the secret in escapes that httpform leaves alone', async () => {
    const { exitCode, err } = await run(...(await config()));
    const conf = await read('saslauthd.conf');

    assert.deepEqual([exitCode, err], [0, '']);
    assert.match(conf, /^httpform_host: 127\.0\.0\.1\nhttpform_port: 9080\nhttpform_uri: \/api\/v1\/auth\/saslauthd$/m);
    assert.match(
      conf,
      /^httpform_data: username=%u&realm=%r&password=%p&protocol=smtp&ssl=on&caller=saslauthd&caller_secret=r%25g%20t%2B$/m,
    );
  });

  it('keeps the secret to the owner, and finds it again', async () => {
    const args = await config();
    await run(...args);
    const again = await run(...args.slice(0, 4));

    for (const [name, mode] of [
      ['saslauthd.conf', 0o600],
      ['nauthilus.secret', 0o600],
      ['smtpd.conf', 0o644],
    ] as const)
      assert.equal((await stat(join(folder.output, name))).mode & 0o777, mode);
    assert.match(again.out, /is up to date/);
    assert.doesNotMatch(again.out, /r%g t\+/);
  });

  it('puts the socket where smtpd finds it, shut in or not', async () => {
    await run(...(await config()));
    assert.match(await read('smtpd.conf'), /^saslauthd_path: \/var\/run\/saslauthd\/mux$/m);
    assert.match(await read('default-saslauthd'), /^OPTIONS="-m \/var\/spool\/postfix\/var\/run\/saslauthd"$/m);

    await run(...(await config()), '--force', '--chroot', '/', '--run-folder', '/run/saslauthd');
    assert.match(await read('smtpd.conf'), /^saslauthd_path: \/run\/saslauthd\/mux$/m);
  });

  it('says nothing of TLS where clients need none, and names another protocol', async () => {
    await run(...(await config()), '--cleartext', '--protocol', 'IMAP');

    assert.match(await read('saslauthd.conf'), /&protocol=imap&caller=/);
    assert.doesNotMatch(await read('README.md'), /smtpd_tls_auth_only/);
  });

  it('warns of a caller that may not check passwords, and of a network between', async () => {
    const { err } = await run(...(await config({ scopes: 'lookup' })), '--url', 'http://192.0.2.1:80');

    assert.match(err, /lacks the scope authenticate/);
    assert.match(err, /let saslauthd and the service share a machine/);
  });

  it('says that it is not needed where the service answers in its place', async () => {
    const more = 'line_listeners: [{ name: mux, protocol: saslauthd, unix: { path: /tmp/mux } }]';
    const { err, exitCode } = await run(...(await config({ more })));

    assert.equal(exitCode, 0);
    assert.match(err, /in place of saslauthd \(line_listeners, mux\)/);
  });

  for (const [what, given, more, message] of [
    ['only listeners with TLS', { tls: true }, [], /every listener has TLS, which saslauthd does not speak/],
    ['a URL with TLS', {}, ['--url', 'https://127.0.0.1'], /no http URL, which is all that saslauthd can ask/],
    ['another caller', {}, ['--caller', 'other'], /has no caller "other"; there is saslauthd/],
    [
      'a socket that smtpd cannot reach',
      {},
      ['--run-folder', '/run/saslauthd'],
      /does not lie in \/var\/spool\/postfix/,
    ],
    ['a protocol that is none', {}, ['--protocol', 'a b'], /at most 32 of a-z/],
  ] as const)
    it(`refuses ${what}, and says what to do`, async () => {
      const { err, exitCode } = await run(...(await config(given)), ...more);

      assert.notEqual(exitCode, 0);
      assert.match(err, message);
    });
});
