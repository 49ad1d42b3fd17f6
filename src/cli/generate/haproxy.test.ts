import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { generateFolder } from '../../../test/support/generate-folder.ts';
import { runCommand } from '../../../test/support/run-command.ts';
import { promisify } from 'node:util';
import { makeSelfSigned } from '../init/self-signed.ts';

const execute = promisify(execFile);
const TLS = 'tls: { certificate: cert.pem, key: key.pem }';
const PROXIED = `{ address: 0.0.0.0, port: 9443, ${TLS}, proxy_protocol: { from: [10.0.0.5] } }`;
const NODES = ['--node', '10.0.0.11', '--node', 'auth2.example.test:9444'];

const run = (...args: readonly string[]) => runCommand('generate', 'haproxy', ...args);

describe('generate haproxy', () => {
  const folder = generateFolder(async ({ at }) => {
    const { certificate, key } = await makeSelfSigned(['auth.example.test'], [], new Date());
    await writeFile(at('cert.pem'), certificate);
    await writeFile(at('key.pem'), key, { mode: 0o600 });
    await writeFile(at('both.pem'), certificate + key, { mode: 0o600 });
  });
  const { at, read } = folder;

  async function config(listener: string, more = ''): Promise<readonly string[]> {
    const file = await folder.configure(`listeners: [${listener}]
callers: [{ name: a, secret: '{SSHA}abc', scopes: [authenticate] }]
backends: [{ name: a, type: file, path: accounts }]
${more}
`);
    return ['--config', file, '--output', folder.output, '--installed-in', folder.output];
  }

  /** What HAProxy itself says of the file. */
  async function check(): Promise<void> {
    const resolvable = (await read('nauthilus.cfg')).replaceAll('auth2.example.test', '127.0.0.2');
    await writeFile(join(folder.output, 'nauthilus.cfg'), resolvable);
    await execute('haproxy', ['-c', '-f', join(folder.output, 'nauthilus.cfg')]);
  }

  it('writes what HAProxy itself takes, with headers of the PROXY protocol', async () => {
    const { out, err, exitCode } = await run(...(await config(PROXIED)), ...NODES);

    assert.equal(exitCode, 0, err);
    assert.match(out, /wrote README\.md, nauthilus\.cfg, nauthilus-ca\.pem/);
    const conf = await read('nauthilus.cfg');
    assert.match(conf, /^ {2}bind :9443$/m);
    assert.match(conf, /^ {2}server node1 10\.0\.0\.11:9443$/m);
    assert.match(conf, /^ {2}server node2 auth2\.example\.test:9444$/m);
    assert.match(conf, /check-send-proxy check-ssl verify required ca-file \S+\/nauthilus-ca\.pem$/m);
    assert.match(conf, /timeout client 130s/);
    await check();
    for (const name of ['README.md', 'nauthilus.cfg'])
      assert.equal((await stat(join(folder.output, name))).mode & 0o777, 0o644);
  });

  it('writes the same for requests with X-Forwarded-For', async () => {
    const options = [
      '--mode',
      'http',
      '--certificate',
      at('both.pem'),
      '--bind',
      '127.0.0.1:443',
      '--tls-name',
      'auth.example.test',
    ];
    const more = 'http: { trusted_proxies: [10.0.0.5] }';
    const listener = `{ address: 0.0.0.0, port: 9443, ${TLS} }`;
    const { err, exitCode } = await run(...(await config(listener, more)), ...NODES, ...options);

    assert.equal(exitCode, 0, err);
    const conf = await read('nauthilus.cfg');
    assert.match(conf, /bind 127\.0\.0\.1:443 ssl crt \S+both\.pem/);
    assert.match(
      conf,
      / ssl verify required ca-file \S+ verifyhost auth\.example\.test .*sni str\(auth\.example\.test\)/,
    );
    assert.doesNotMatch(conf, /send-proxy/);
    await check();
  });

  it('takes the listener itself for the only node where that tells where it is', async () => {
    const listener = '{ address: "::1", port: 9080, proxy_protocol: { from: [127.0.0.1] } }';
    const { err, exitCode } = await run(...(await config(listener)));

    assert.equal(exitCode, 0, err);
    assert.match(await read('nauthilus.cfg'), /server node1 \[::1\]:9080$/m);
    await check();
  });

  it('writes nothing over what differs', async () => {
    const args = await config(PROXIED);
    await run(...args, ...NODES);
    const { out, err, exitCode } = await run(...args, ...NODES, '--bind', ':1');

    assert.equal(exitCode, 1);
    assert.match(out, /^\+ {2}bind :1$/m);
    assert.match(err, /nothing was written/);
  });

  const plain = '{ address: 127.0.0.1, port: 9080 }';
  const problems: readonly (readonly [what: string, listener: string, args: readonly string[], problem: RegExp])[] = [
    ['no such listener', plain, [], /no listener with an address and port has headers .* add proxy_protocol: /],
    ['only such listeners', PROXIED, ['--mode', 'http', ...NODES], /every listener .* use --mode tcp/],
    ['a listener on all addresses', PROXIED, [], /answers on all addresses \(0\.0\.0\.0\); name the nodes with --node/],
    [
      'a unix socket only',
      '{ unix: { path: a }, proxy_protocol: { from: [127.0.0.1] } }',
      [],
      /no listener with an address/,
    ],
    [
      'a certificate of another name',
      PROXIED,
      [...NODES, '--tls-name', 'other.test'],
      /is not for other\.test, so that HAProxy would .* with --tls-name/,
    ],
    ['a node that is none', PROXIED, ['--node', 'a b'], /must be a name or an address/],
    ['a node without a port that is one', PROXIED, ['--node', 'a:70000'], /must be a name or an address/],
    ['a place to listen that is none', PROXIED, [...NODES, '--bind', 'x y'], /must be a port after a colon/],
    ['an unknown mode', PROXIED, ['--mode', 'udp'], /Allowed choices are tcp, http/],
  ];
  for (const [what, listener, args, problem] of problems)
    it(`says what is wrong with ${what}`, async () => {
      const { err, exitCode } = await run(...(await config(listener)), ...args);
      assert.match(err, problem);
      assert.notEqual(exitCode, 0);
    });

  it('warns of what HAProxy would hide, of passwords in the clear, and of nodes that know nothing of each other', async () => {
    const listener = '{ address: 0.0.0.0, port: 9080, allow_cleartext: true }';
    const { err } = await run(...(await config(listener)), ...NODES, '--mode', 'http', '--certificate', at('both.pem'));

    assert.match(err, /http\.trusted_proxies is empty/);
    assert.match(err, /passwords cross the network to the nodes unencrypted/);
    assert.match(err, /state\.redis is not set/);
  });
});
