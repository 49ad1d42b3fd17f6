import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { runCommand } from '../../../../test/support/run-command.ts';
import { Secret } from '../../../login/secret.ts';
import { hashPassword } from '../../../passwords/hash-password.ts';
import { makeSelfSigned } from '../../init/self-signed.ts';
import { DOVECOT_VERSIONS } from './dovecot-conf.ts';

const run = (...args: readonly string[]) => runCommand('generate', 'dovecot-policy', ...args);

describe('generate dovecot-policy', () => {
  let root: string;
  let output: string;
  let count = 0;
  const at = (name: string) => join(root, name);
  const read = (name: string) => readFile(join(output, name), 'utf8');
  const conf = () => read('conf.d/95-nauthilus-policy.conf');

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'nauthilus-generate-'));
    const { certificate, key } = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
    await writeFile(at('cert.pem'), certificate);
    await writeFile(at('key.pem'), key, { mode: 0o600 });
    await writeFile(at('accounts'), '');
    await writeFile(at('secret'), 'mx1:right', { mode: 0o600 });
  });
  beforeEach(() => {
    output = at(`out${++count}`);
  });
  after(() => rm(root, { recursive: true }));

  async function config({ tls = true, scopes = 'policy' } = {}): Promise<readonly string[]> {
    const hash = await hashPassword(Secret.fromText('right'), 'SSHA512');
    const file = at(`${count}.yaml`);
    await writeFile(
      file,
      `listeners: [{ address: 127.0.0.1, port: 9443${tls ? ', tls: { certificate: cert.pem, key: key.pem }' : ''} }]
callers: [{ name: mx1, secret: '${hash}', scopes: [${scopes}] }]
backends: [{ name: a, type: file, path: accounts }]
decision: { deadline: 4s }
`,
    );
    return ['--config', file, '--output', output, '--secret-file', at('secret')];
  }

  for (const version of DOVECOT_VERSIONS) {
    it(`writes what Dovecot ${version} asks and reports by, and in a file of root’s alone what proves it`, async () => {
      const { exitCode, err } = await run('--version', version, ...(await config()));

      assert.equal(exitCode, 0, err);
      const settings = await conf();
      assert.match(settings, /^auth_policy_server_url = https:\/\/127\.0\.0\.1:9443\/api\/v1\/auth\/wforce$/m);
      for (const when of ['check_before', 'check_after', 'report_after'])
        assert.match(settings, new RegExp(`^auth_policy_${when}_auth = yes$`, 'm'));
      assert.match(settings, /^auth_policy_reject_on_fail = no$/m);
      assert.match(settings, /ssl_client_ca_file = \/etc\/dovecot\/nauthilus-ca\.pem$/m);
      assert.doesNotMatch(settings, /Basic|nonce = /);
      const header = await read('nauthilus-policy.secret.conf');
      assert.ok(header.includes(`Authorization: Basic ${Buffer.from('mx1:right').toString('base64')}\n`));
      assert.match(header, /^auth_policy_hash_nonce = [\w-]{43}$/m);
      assert.equal((await stat(join(output, 'nauthilus-policy.secret.conf'))).mode & 0o777, 0o600);
    });
  }

  it('tells the time-outs and attributes of each version in its own words', async () => {
    const options = await config();
    await run('--version', '2.3', ...options);
    const old = await conf();
    await run('--version', '2.4', '--force', ...options);
    const now = await conf();

    assert.match(old, /^auth_policy_server_timeout_msecs = 5000$/m);
    assert.match(old, /^auth_policy_request_attributes = login=.* mechanism=%\{mech\}$/m);
    assert.match(now, /^ {2}http_client_request_absolute_timeout = 5000ms$/m);
    assert.match(now, /^ {2}mechanism = %\{mechanism\}$/m);
  });

  it('changes nothing when it is made again', async () => {
    const options = await config();
    await run('--version', '2.4', ...options);

    const again = await run('--version', '2.4', '--json', ...options);

    assert.equal(again.exitCode, 0, again.err);
    const { files } = JSON.parse(again.out) as { files: readonly { state: string }[] };
    assert.deepEqual([...new Set(files.map(({ state }) => state))], ['same']);
  });

  it('warns of a caller that would get no answer', async () => {
    const { err, out } = await run('--version', '2.3', ...(await config({ scopes: 'authenticate' })));

    assert.match(err + out, /the caller mx1 lacks the scope policy/);
  });

  it('asks for the URL where no listener has TLS, and takes one without it', async () => {
    const options = await config({ tls: false });
    const without = await run('--version', '2.3', ...options);
    const given = await run('--version', '2.3', '--url', 'http://127.0.0.1:9443', ...options);

    assert.match(without.err, /no listener has TLS; give the URL/);
    assert.equal(given.exitCode, 0, given.err);
    const settings = await conf();
    assert.match(settings, /^auth_policy_server_url = http:\/\/127\.0\.0\.1:9443\/api\/v1\/auth\/wforce$/m);
    assert.doesNotMatch(settings, /ssl_client_ca_file/);
  });
});
