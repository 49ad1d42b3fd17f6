import assert from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { generateFolder } from '../../../../test/support/generate-folder.ts';
import { runCommand } from '../../../../test/support/run-command.ts';
import { Secret } from '../../../login/secret.ts';
import { hashPassword } from '../../../passwords/hash-password.ts';
import { makeSelfSigned } from '../../init/self-signed.ts';

const run = (...args: readonly string[]) => runCommand('generate', 'dovecot', ...args);

describe('generate dovecot', () => {
  let hash: string;

  const folder = generateFolder(async ({ at }) => {
    const pair = await makeSelfSigned(['auth.example.test'], ['127.0.0.1'], new Date());
    await writeFile(at('cert.pem'), pair.certificate);
    await writeFile(at('key.pem'), pair.key, { mode: 0o600 });
    await writeFile(at('accounts'), '');
    hash = await hashPassword(Secret.fromText('right: secret'), 'SSHA512');
    await writeFile(at('secret'), 'dovecot:right: secret\n', { mode: 0o600 });
  });
  const { at, read } = folder;

  interface Given {
    readonly address?: string;
    readonly port?: number;
    readonly callers?: readonly string[];
    readonly scopes?: string;
    readonly more?: string;
  }

  async function config(given: Given = {}): Promise<readonly string[]> {
    const { address = '127.0.0.1', port = 9443, callers = ['dovecot'], scopes = 'authenticate, lookup, list' } = given;
    const lines = callers.map((name) => `  - { name: ${name}, secret: '${hash}', scopes: [${scopes}] }\n`);
    const file =
      await folder.configure(`listeners: [{ address: '${address}', port: ${port}, tls: { certificate: cert.pem, key: key.pem } }]
callers:
${lines.join('')}backends: [{ name: a, type: file, path: accounts }]
${given.more ?? ''}`);
    return ['--config', file, '--output', folder.output];
  }

  const FROM_FILE = ['--version', '2.3', '--secret-file'];

  it('writes all files with the right modes, and then has nothing more to write', async () => {
    const where = await config();
    const first = await run(...FROM_FILE, at('secret'), ...where);
    // As after it was copied back from elsewhere.
    await chmod(join(folder.output, 'nauthilus.secret'), 0o644);
    const again = await run('--version', '2.3', ...where);

    assert.equal(first.exitCode, 0, first.err);
    assert.match(first.err, /is this machine: Dovecot has to run here too/);
    for (const [name, mode] of [
      ['conf.d/auth-nauthilus.conf.ext', 0o644],
      ['nauthilus.lua', 0o644],
      ['nauthilus-settings.lua', 0o644],
      ['nauthilus-ca.pem', 0o644],
      ['README.md', 0o644],
      ['nauthilus.secret', 0o640],
    ] as const)
      assert.equal((await stat(join(folder.output, name))).mode & 0o777, mode, name);
    assert.equal(await read('nauthilus.secret'), Buffer.from('dovecot:right: secret').toString('base64'));
    assert.equal(await read('nauthilus-ca.pem'), await readFile(at('cert.pem'), 'utf8'));
    assert.equal(again.exitCode, 0);
    assert.match(again.out, /is up to date/);
  });

  it('never overwrites without --force, and shows the difference but no secret', async () => {
    const where = await config();
    await run(...FROM_FILE, at('secret'), ...where);
    await writeFile(join(folder.output, 'nauthilus-settings.lua'), 'return {}\n');
    await chmod(join(folder.output, 'nauthilus.secret'), 0o600);
    const refused = await run('--version', '2.4', ...where);
    const kept = await read('nauthilus-settings.lua');
    const forced = await run('--version', '2.4', '--force', ...where);

    assert.equal(refused.exitCode, 1);
    assert.match(
      refused.out,
      /^--- nauthilus-settings\.lua\n\+\+\+ nauthilus-settings\.lua \(new\)\n@@ -1 \+1,\d+ @@$/m,
    );
    assert.match(refused.out, /^\+passdb lua \{$/m);
    assert.match(refused.err, /nothing was written/);
    assert.equal(kept, 'return {}\n');
    assert.equal(forced.exitCode, 0);
    assert.match(await read('conf.d/auth-nauthilus.conf.ext'), /^passdb lua \{$/m);
  });

  it('waits longer than the service does, and never longer than the glue takes', async () => {
    await run(
      ...FROM_FILE,
      at('secret'),
      ...(await config({ more: 'decision: { deadline: 3s }\nlist: { deadline: 5s }\n' })),
    );

    assert.match(await read('nauthilus-settings.lua'), /timeout = 5000,[^]*list_timeout = 7000,/);
  });

  it('takes as many workers as the service takes questions, or as many as it is told', async () => {
    await run(...FROM_FILE, at('secret'), ...(await config({ more: 'passwords: { concurrency: 2, queue: 38 }\n' })));
    assert.match(await read('conf.d/auth-nauthilus.conf.ext'), /^auth_worker_max_count = 40$/m);

    const told = await run(
      ...FROM_FILE,
      at('secret'),
      '--workers',
      '99',
      '--force',
      ...(await config({ more: 'http: { max_requests: 50 }\n' })),
    );
    assert.match(await read('conf.d/auth-nauthilus.conf.ext'), /^auth_worker_max_count = 99$/m);
    assert.match(told.err, /99 workers are more than the 50 requests/);
  });

  it('makes a new secret where none is known, and prints its hash and where it belongs', async () => {
    const { exitCode, out } = await run('--version', '2.3', ...(await config()));

    assert.equal(exitCode, 0);
    assert.match(out, /\.yaml:3: callers\[0\]\.secret\):\n {2}\{ARGON2ID\}\$argon2id/);
    const credential = await read('nauthilus.secret');
    assert.match(credential, /^dovecot:[\w-]{32}$/);
    assert.equal(out.includes(credential.slice(8)), false);
  });

  it('refuses a secret that is not the one of the caller, and never loses one that was written', async () => {
    const where = await config();
    await writeFile(at('wrong'), 'dovecot:wrong\n');
    const wrong = await run(...FROM_FILE, at('wrong'), ...where);
    await run(...FROM_FILE, at('secret'), ...where);
    const old = await read('nauthilus.secret');
    const unforced = await run('--version', '2.3', '--new-secret', ...where);
    const same = await read('nauthilus.secret');
    const renewed = await run('--version', '2.3', '--new-secret', '--force', ...where);
    const stale = await run('--version', '2.3', ...where);

    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.err, /holds another secret than the one whose hash/);
    assert.equal(unforced.exitCode, 1);
    assert.match(unforced.out, /nauthilus\.secret: differs; it is not shown/);
    assert.equal(same, old);
    assert.equal(renewed.exitCode, 0);
    assert.equal(await read('nauthilus.secret.old'), old);
    assert.equal(stale.exitCode, 1);
  });

  it('takes a secret alone, and the base64 of a credential', async () => {
    for (const text of ['right: secret', Buffer.from('dovecot:right: secret').toString('base64')]) {
      await writeFile(at('form'), text);
      folder.renew();
      assert.equal((await run(...FROM_FILE, at('form'), ...(await config()))).exitCode, 0, text);
    }
  });

  it('needs a URL where the listener answers on all addresses, and one that the certificate is for', async () => {
    const everywhere = await config({ address: '0.0.0.0' });
    const unknown = await run(...FROM_FILE, at('secret'), ...everywhere);
    const misnamed = await run(...FROM_FILE, at('secret'), '--url', 'https://other.example.test:9443', ...everywhere);
    const named = await run(...FROM_FILE, at('secret'), '--url', 'https://auth.example.test:9443', ...everywhere);

    assert.match(unknown.err, /answers on all addresses \(0\.0\.0\.0\).*--url https:\/\/NAME:9443/);
    assert.match(misnamed.err, /the certificate is not for other\.example\.test.*auth\.example\.test/);
    assert.deepEqual([unknown.exitCode, misnamed.exitCode, named.exitCode], [1, 1, 0]);
    assert.match(
      await read('nauthilus-settings.lua'),
      /url = 'https:\/\/auth\.example\.test:9443\/api\/v1\/auth\/json'/,
    );
    assert.equal(named.err, '');
  });

  it('asks which caller is meant, and says what one cannot do', async () => {
    const several = await config({ callers: ['mx1', 'mx2'] });
    await writeFile(at('mx1'), 'mx1:right: secret');
    const unclear = await run('--version', '2.3', ...several);
    const chosen = await run(...FROM_FILE, at('mx1'), '--caller', 'mx1', ...several);
    const weak = await run(
      ...FROM_FILE,
      at('secret'),
      '--force',
      ...(await config({ scopes: 'authenticate, lookup' })),
    );

    assert.match(unclear.err, /has several callers \(mx1, mx2\)/);
    assert.equal(chosen.exitCode, 0, chosen.err);
    assert.match(weak.err, /the caller dovecot lacks the scope list: doveadm user '\*' fails/);
  });

  it('tells programs what it did', async () => {
    const { out } = await run(...FROM_FILE, at('secret'), '--json', ...(await config()));
    const report = JSON.parse(out) as Record<string, unknown>;

    assert.deepEqual(
      { ...report, files: undefined, warnings: undefined },
      {
        target: 'dovecot',
        version: '2.3',
        url: 'https://127.0.0.1:9443/api/v1/auth/json',
        caller: 'dovecot',
        folder: folder.output,
        written: true,
        secret: { kind: 'given' },
        files: undefined,
        warnings: undefined,
      },
    );
    assert.deepEqual((report['files'] as unknown[]).at(-1), { path: 'nauthilus.secret', mode: '0640', state: 'new' });
  });

  it('refuses versions and folders that cannot be', async () => {
    const where = await config();

    assert.equal((await run('--version', '2.2', ...where)).exitCode, 2);
    assert.equal((await run('--version', '2.3', '--installed-in', '/etc/my dovecot', ...where)).exitCode, 2);
    assert.equal((await run('--version', '2.3', '--installed-in', 'dovecot', ...where)).exitCode, 2);
    assert.equal((await run('--version', '2.3', '--url', 'ftp://x', ...where)).exitCode, 2);
  });
});
