import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Secret } from '../login/secret.ts';
import { runCommandLine } from './command-line.ts';
import { makeSelfSigned } from './init/self-signed.ts';

const DAY_MS = 86_400_000;
const HASH =
  '{SSHA512}aSDQQHsVdmOKTvkCdwFQgKROhvQuZpGb1MyOTjqkOdIGXR5cVFKXFuOZFuDKQdhxyjMaMmHqIWv9ZU9q7QUPMHNhbHRzYWx0';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nauthilus-check-'));
  await mkdir(path.join(folder, 'tls'));
  await giveCertificate(new Date());
  await give('dovecot.hash', `${HASH}\n`);
  await give('accounts.passwd', 'alice@example.test:{PLAIN}geheim::::::\n');
  await give('nauthilus.yaml', CONFIG);
});

afterEach(() => rm(folder, { recursive: true }));

const CONFIG = `listeners:
  - tls: { certificate: tls/c.pem, key: tls/k.pem }
callers:
  - name: dovecot
    secret: { file: dovecot.hash }
    scopes: [authenticate, lookup]
backends:
  - { type: file, name: accounts, path: accounts.passwd }
http:
  idle_timeout: 5m
log:
  level: info
  names: \${NAMES:-plain}
`;

async function give(name: string, text: string, mode = 0o600): Promise<void> {
  await writeFile(path.join(folder, name), text);
  await chmod(path.join(folder, name), mode);
}

async function giveCertificate(from: Date): Promise<void> {
  const { certificate, key } = await makeSelfSigned(['localhost'], ['127.0.0.1'], from);
  await give('tls/c.pem', certificate);
  await give('tls/k.pem', key);
}

async function run(...args: string[]): Promise<{ out: string; err: string; exitCode: number }> {
  const outcome = { out: '', err: '', exitCode: 0 };
  const noPassword = () => Promise.resolve(Secret.fromText(''));
  await runCommandLine(args, {
    env: { NAUTHILUS_CONFIG: path.join(folder, 'nauthilus.yaml') },
    out: (text) => (outcome.out += text),
    err: (text) => (outcome.err += text),
    readPassword: noPassword,
    readNewPassword: noPassword,
    exitWith: (code) => (outcome.exitCode = code),
  });
  const plain = (text: string) => text.replaceAll(`${folder}/`, '');
  return { out: plain(outcome.out), err: plain(outcome.err), exitCode: outcome.exitCode };
}

test('check says ok for a configuration that can be used', async () => {
  assert.deepEqual(await run('check'), { out: 'nauthilus.yaml: ok\n', err: '', exitCode: 0 });
});

test('check tells the place of everything that is wrong with the file', async () => {
  await give('nauthilus.yaml', CONFIG.replace('idle_timeout: 5m', 'idle_timeuot: 5').replace('info', 'loud'));

  const { out, err, exitCode } = await run('check');

  assert.deepEqual([out, exitCode], ['', 1]);
  assert.deepEqual(err.split('\n'), [
    'nauthilus.yaml:10:3: http.idle_timeuot: unknown key; allowed: header_timeout, body_timeout, idle_timeout, max_connections, max_requests, trusted_proxies; did you mean "idle_timeout"?',
    'nauthilus.yaml:12:10: log.level: found "loud"; allowed: one of debug, info, warn, error',
    '',
  ]);
});

const PROBLEMS: Readonly<Record<string, { prepare: () => Promise<void>; err: string }>> = {
  'a certificate that is not there': {
    prepare: () => rm(path.join(folder, 'tls/c.pem')),
    err: 'nauthilus.yaml:2:25: listeners[0].tls.certificate: tls/c.pem: cannot be read (ENOENT)\n',
  },
  'a key of another certificate': {
    prepare: async () => {
      const certificate = await readFile(path.join(folder, 'tls/c.pem'), 'utf8');
      await giveCertificate(new Date());
      await give('tls/c.pem', certificate);
    },
    err: 'nauthilus.yaml:2:41: listeners[0].tls.key: tls/k.pem: the key does not belong to the certificate in tls/c.pem\n',
  },
  'a key that is none': {
    prepare: () => give('tls/k.pem', 'geheim'),
    err: 'nauthilus.yaml:2:41: listeners[0].tls.key: tls/k.pem: is no usable PEM file\n',
  },
  'a certificate that has ended': {
    prepare: () => giveCertificate(new Date('2020-01-01T12:00:00Z')),
    err: 'nauthilus.yaml:2:25: listeners[0].tls.certificate: tls/c.pem: the certificate ended on 2022-04-05\n',
  },
  'a certificate that has not begun': {
    prepare: () => giveCertificate(new Date('2100-01-01T12:00:00Z')),
    err: 'nauthilus.yaml:2:25: listeners[0].tls.certificate: tls/c.pem: the certificate is valid from 2100-01-01 only\n',
  },
  'a hash that cannot be used': {
    prepare: () => give('dovecot.hash', '{ARGON2ID}geheim'),
    err: 'nauthilus.yaml:5:5: callers[0].secret: ',
  },
  'accounts that are not there': {
    prepare: () => rm(path.join(folder, 'accounts.passwd')),
    err: 'nauthilus.yaml:8:41: backends[0].path: accounts.passwd: the file does not exist\n',
  },
  'accounts with broken lines': {
    prepare: () => give('accounts.passwd', '# none\nalice:{GEHEIM}geheim::::::\nbob\n'),
    err: 'accounts.passwd:2:1: ',
  },
};

for (const [name, { prepare, err }] of Object.entries(PROBLEMS)) {
  test(`check finds ${name}`, async () => {
    await prepare();

    const found = await run('check');

    assert.equal(found.exitCode, 1);
    assert.equal(found.out, '');
    assert(found.err.startsWith(err), found.err);
    assert(!found.err.includes('geheim'), found.err);
  });
}

test('check warns of files that others can read, a certificate that ends soon and a weak hash, and says ok', async () => {
  await giveCertificate(new Date(Date.now() - 815 * DAY_MS));
  for (const file of ['tls/k.pem', 'dovecot.hash', 'accounts.passwd']) await chmod(path.join(folder, file), 0o644);
  await give('dovecot.hash', '{SHA256}jGl25bVBBBW96Qi9Te4V37Fnqchz/Eu4qB9vKrRIqRg=', 0o644);

  const { out, err, exitCode } = await run('check');

  const others = 'other users of this machine can read it; use mode 0600 or 0640';
  assert.deepEqual([out, exitCode], ['nauthilus.yaml: ok\n', 0]);
  const lines = err.replace(/on \d{4}-\d\d-\d\d/, 'on DAY').split('\n');
  assert.deepEqual(lines, [
    `nauthilus.yaml:5:21: callers[0].secret.file: warning: dovecot.hash: ${others}`,
    'nauthilus.yaml:2:25: listeners[0].tls.certificate: warning: tls/c.pem: the certificate ends on DAY, in 9 days',
    `nauthilus.yaml:2:41: listeners[0].tls.key: warning: tls/k.pem: ${others}`,
    'nauthilus.yaml:5:5: callers[0].secret: warning: SHA256 protects the secret badly (without salt, tables of known secrets fit it); make another hash with `nauthilus hash make`',
    `nauthilus.yaml:8:41: backends[0].path: warning: accounts.passwd: ${others}`,
    '',
  ]);
});

test('check prints an object for programs', async () => {
  const good = JSON.parse((await run('check', '--json')).out) as unknown;
  await give('nauthilus.yaml', CONFIG.replace('info', 'loud'));
  const bad = await run('check', '--json');

  assert.deepEqual(good, { file: 'nauthilus.yaml', ok: true, problems: [], warnings: [] });
  assert.deepEqual([bad.err, bad.exitCode], ['', 1]);
  assert.deepEqual(JSON.parse(bad.out), {
    file: 'nauthilus.yaml',
    ok: false,
    problems: [
      {
        file: 'nauthilus.yaml',
        line: 12,
        column: 10,
        path: 'log.level',
        message: 'found "loud"; allowed: one of debug, info, warn, error',
      },
    ],
    warnings: [],
  });
});

test('check and config exit with 2 where they are asked in a wrong way', async () => {
  for (const command of ['check', 'config']) {
    assert.equal((await run(command, '--confg', 'x')).exitCode, 2);
    assert.equal((await run(command, 'x.yaml')).exitCode, 2);
    assert.equal((await run(command, '--help')).exitCode, 0);
  }
});

test('config prints what is in force, and that is a configuration again', async () => {
  await give(
    'nauthilus.yaml',
    CONFIG.replace('accounts.passwd', () => '"$${x}"'),
  );

  const { out, err, exitCode } = await run('config');
  await give('again.yaml', out);
  const again = await run('config', '--config', path.join(folder, 'again.yaml'));

  assert.deepEqual([err, exitCode], ['', 0]);
  assert.match(out, /^http:\n {2}header_timeout: 10s\n {2}body_timeout: 20s\n {2}idle_timeout: 5m\n/m);
  assert.match(out, /^ {4}path: \$\$\{x\}\n/m);
  assert.match(out, /^ {2}names: plain\n/m);
  assert.deepEqual(again, { out, err: '', exitCode: 0 });
});

test('config --changed prints what differs from the defaults', async () => {
  const { out } = await run('config', '--changed');

  assert.equal(
    out,
    `listeners:
  - tls:
      certificate: tls/c.pem
      key: tls/k.pem
callers:
  - name: dovecot
    secret:
      file: dovecot.hash
    scopes:
      - authenticate
      - lookup
backends:
  - type: file
    name: accounts
    path: accounts.passwd
http:
  idle_timeout: 5m
`,
  );
});

test('config never shows a secret', async () => {
  await give('nauthilus.yaml', CONFIG.replace('{ file: dovecot.hash }', `"${HASH}"`));

  for (const options of [[], ['--changed'], ['--json'], ['--changed', '--json']]) {
    const { out, err } = await run('config', ...options);
    assert.match(out, /secret"?: "?\[redacted\]|"\[redacted\]"/);
    assert(!`${out}${err}`.includes(HASH.slice(9, 20)), out);
  }
});

test('config --json prints an object', async () => {
  const shown = JSON.parse((await run('config', '--changed', '--json')).out) as { http: unknown };

  assert.deepEqual(shown.http, { idle_timeout: '5m' });
});

test('check tells of a file of places that cannot be used', async () => {
  await give('places.mmdb', 'no database');
  await give(
    'nauthilus.yaml',
    `${CONFIG}protection: { places: { mode: observe, databases: [places.mmdb], deny_asns: [1] } }\n`,
  );

  const { err, exitCode } = await run('check');

  assert.equal(exitCode, 1);
  assert.match(err, /protection\.places\.databases\[0\]: places\.mmdb: it is no file in MaxMind DB form/);
});
