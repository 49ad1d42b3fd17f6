import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { generateFolder } from '../../../test/support/generate-folder.ts';
import { runCommand } from '../../../test/support/run-command.ts';
import { promisify } from 'node:util';
import { Secret } from '../../login/secret.ts';
import { hashPassword } from '../../passwords/hash-password.ts';
import { makeSelfSigned } from '../init/self-signed.ts';

const execute = promisify(execFile);
const POOLS = '{ name: m, protocols: [imap, smtp], hosts: [{ host: 10.0.0.1, port: 143 }] }';

const run = (...args: readonly string[]) => runCommand('generate', 'nginx', ...args);

describe('generate nginx', () => {
  const folder = generateFolder(async ({ at }) => {
    const { certificate, key } = await makeSelfSigned(['mail.example.test'], [], new Date());
    await writeFile(at('cert.pem'), certificate);
    await writeFile(at('key.pem'), key, { mode: 0o600 });
    await writeFile(at('accounts'), '');
    await writeFile(at('secret'), 'nginx:right', { mode: 0o600 });
  });
  const { at, read } = folder;

  async function config({
    tls = false,
    pools = POOLS,
    scopes = 'authenticate',
    nginx = '',
  } = {}): Promise<readonly string[]> {
    const hash = await hashPassword(Secret.fromText('right'), 'SSHA512');
    const file =
      await folder.configure(`listeners: [{ address: 127.0.0.1, port: 9080${tls ? ', tls: { certificate: cert.pem, key: key.pem }' : ''} }]
callers: [{ name: nginx, secret: '${hash}', scopes: [${scopes}] }]
backends: [{ name: a, type: file, path: accounts }]
mail_hosts: { pools: [${pools}] }
nginx: { ${nginx} }
`);
    return ['--config', file, '--output', folder.output, '--secret-file', at('secret')];
  }

  it('writes what nginx itself takes', async () => {
    const tls = ['--certificate', at('cert.pem'), '--key', at('key.pem'), '--installed-in', folder.output];
    const { exitCode, err } = await run(...(await config()), ...tls);
    const main = at('nginx.conf');
    await writeFile(
      main,
      `load_module /usr/lib/nginx/modules/ngx_mail_module.so;
pid ${folder.root}/nginx.pid;
error_log ${folder.root}/error.log;
events {}
include ${folder.output}/nauthilus-mail.conf;
`,
    );
    // The ports of mail servers may be taken here.
    const conf = await read('nauthilus-mail.conf');
    await writeFile(
      join(folder.output, 'nauthilus-mail.conf'),
      conf.replaceAll(/listen (\d+)/g, `listen unix:${folder.root}/$1.sock`),
    );

    assert.deepEqual([exitCode, err], [0, '']);
    assert.match((await execute('nginx', ['-t', '-c', main, '-e', at('error.log')])).stderr, /test is successful/);
  });

  it('has a server for each protocol that there are hosts for, and no other', async () => {
    await run(...(await config()));
    const conf = await read('nauthilus-mail.conf');

    assert.match(conf, /^ {2}auth_http 127\.0\.0\.1:9080\/api\/v1\/auth\/nginx;$/m);
    assert.match(conf, /listen 993 ssl; protocol imap;/);
    assert.match(conf, /listen 587; protocol smtp; starttls only; smtp_auth plain login; proxy_smtp_auth on;/);
    assert.doesNotMatch(conf, /pop3/);
  });

  it('speaks the PROXY protocol and XCLIENT where hosts want it so', async () => {
    const behind =
      'name: imap, protocols: [imap], hosts: [{ host: mail1.test, port: 143 }], probe: { proxy_protocol: true }';
    const args = await config({ pools: `{ ${behind} }, ${POOLS.replaceAll('imap', 'pop3')}`, nginx: 'xclient: true' });
    await run(...args);
    const conf = await read('nauthilus-mail.conf');

    assert.match(conf, /listen 143; protocol imap; .*proxy_protocol on;/);
    assert.doesNotMatch(conf, /protocol pop3;.*proxy_protocol/);
    assert.match(conf, /listen 587; protocol smtp; starttls only; smtp_auth plain login; xclient on; \}/);
  });

  it('keeps the credential to the owner, and finds it again', async () => {
    const args = await config();
    await run(...args);
    const header = await read('nauthilus-caller.conf');
    const again = await run(...args.slice(0, 4));

    assert.equal(header, `auth_http_header Authorization "Basic ${Buffer.from('nginx:right').toString('base64')}";\n`);
    for (const name of ['nauthilus-caller.conf', 'nauthilus.secret'])
      assert.equal((await stat(join(folder.output, name))).mode & 0o777, 0o600);
    assert.match(again.out, /is up to date/);
  });

  it('leaves files alone that differ, unless it is forced', async () => {
    const args = await config();
    await run(...args);
    const changed = [...args, '--certificate', '/etc/other.pem'];

    const held = await run(...changed);
    assert.equal(held.exitCode, 1);
    assert.match(held.out, /^\+ {2}ssl_certificate \/etc\/other\.pem;$/m);
    assert.doesNotMatch(await read('nauthilus-mail.conf'), /other/);
    assert.equal((await run(...changed, '--force')).exitCode, 0);
    assert.match(await read('nauthilus-mail.conf'), /other/);
  });

  it('warns of a caller that may not check passwords, and of a network between', async () => {
    const { err } = await run(...(await config({ scopes: 'lookup' })), '--url', 'http://192.0.2.1:80');

    assert.match(err, /lacks the scope authenticate/);
    assert.match(err, /unencrypted/);
  });

  for (const [what, given, more, message] of [
    ['only listeners with TLS', { tls: true }, [], /every listener has TLS/],
    ['no mail hosts', { pools: '' }, [], /mail_hosts has no pool/],
    ['a URL with TLS', {}, ['--url', 'https://127.0.0.1'], /no http URL/],
    ['another caller', {}, ['--caller', 'other'], /has no caller "other"; there is nginx/],
  ] as const)
    it(`refuses ${what}, and says what to do`, async () => {
      const { err, exitCode } = await run(...(await config(given)), ...more);

      assert.notEqual(exitCode, 0);
      assert.match(err, message);
    });
});
