import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TrialStep } from '../../src/cli/check/online.ts';
import { type CertificateAuthority, createAuthority } from '../daemons/certificate-authority.ts';
import { directoryBackend, directorySecret } from '../daemons/directory-backend.ts';
import { freePort } from '../daemons/free-port.ts';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';
import { runCommand } from '../support/run-command.ts';
import { startSilentServer } from './support/odd-servers.ts';

const CALLER = { name: 'c', secret: { file: 'caller.hash' }, scopes: ['authenticate'] };
const HASH = '{SSHA}0GUhEOmNTPyJDJXsHvibOnEARxx9f+A7';

describe('nauthilus check --online', () => {
  const opened = new AsyncDisposableStack();
  let folder = '';
  let slapd: Slapd;
  let authority: CertificateAuthority;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-online-'));
    opened.defer(() => rm(folder, { recursive: true }));
    authority = await createAuthority(folder);
    const pair = await authority.issue({ name: 'server', altNames: ['IP:127.0.0.1'] });
    slapd = opened.use(await startSlapd({ accounts: 700, tls: { ...pair, ca: authority.certificate } }));
    await writeFile(join(folder, 'caller.hash'), HASH, { mode: 0o600 });
    const secrets = { ...directorySecret(slapd), 'wrong.secret': 'wrong' };
    for (const [name, text] of Object.entries(secrets)) await writeFile(join(folder, name), text, { mode: 0o600 });
  });
  after(() => opened.disposeAsync());

  async function run(settings: object, ...options: readonly string[]) {
    const file = join(folder, 'nauthilus.yaml');
    const backends = [directoryBackend([slapd], settings)];
    await writeFile(file, JSON.stringify({ listeners: [{ port: 1 }], callers: [CALLER], backends }));
    return runCommand('check', '--config', file, ...options);
  }

  async function steps(settings: object): Promise<readonly TrialStep[]> {
    const { out } = await run(settings, '--online', '--json');
    return (JSON.parse(out) as { online: readonly TrialStep[] }).online;
  }

  it('tells each step that works in a line, and ends with 0', async () => {
    const { out, err, exitCode } = await run(
      { tls: { ca: authority.certificate }, servers: [slapd.tlsUrl] },
      '--online',
    );

    assert.equal(exitCode, 0, out + err);
    const lines = out.split('\n').map((line) => line.replace(/ \([\d.]+ ms\)$/, ''));
    assert.deepEqual(lines, [
      `ok       directory  ${slapd.tlsUrl}  connect: connected`,
      `ok       directory  ${slapd.tlsUrl}  bind: as ${slapd.serviceDn}`,
      `ok       directory  ${slapd.tlsUrl}  base: ou=people,dc=example,dc=test is there`,
      `ok       directory  ${slapd.tlsUrl}  schema: the server knows all attributes that are named`,
      `ok       directory  ${slapd.tlsUrl}  search: answered: nobody of a name that nobody has`,
      `ok       directory  ${slapd.tlsUrl}  list: 708 accounts`,
      `ok       directory  ${slapd.tlsUrl}  login: a bind with a wrong password is refused as one`,
      `${join(folder, 'nauthilus.yaml')}: ok`,
      '',
    ]);
  });

  it('asks no server without the option', async () => {
    const { out, exitCode } = await run({ servers: ['ldap://127.0.0.1:1'] });

    assert.equal(exitCode, 0);
    assert.doesNotMatch(out, /connect/);
  });

  it('tries every server, and ends with 1 where one fails', async () => {
    const dead = `ldap://127.0.0.1:${await freePort()}`;
    const { out, exitCode } = await run({ servers: [dead, slapd.url] }, '--online');

    assert.equal(exitCode, 1);
    assert.match(
      out,
      /^FAILED {3}directory {2}ldap:\S+ {2}connect: .*ECONNREFUSED.*; nothing listens there: look whether/m,
    );
    assert.match(out, /^ok .*list: 708 accounts/m);
    assert.doesNotMatch(out, /nauthilus-secret/);
  });

  const FAULTS: readonly (readonly [string, () => object | Promise<object>, string, RegExp, RegExp])[] = [
    ['a wrong password', () => ({ bind: bindWith('wrong.secret') }), 'bind', /invalidCredentials/, /look at bind\.dn/],
    [
      'nobody who binds',
      () => ({ bind: {} }),
      'base',
      /noSuchObject/,
      /look at base_dn, and whether the service account/,
    ],
    ['a base DN that is not there', () => ({ base_dn: 'ou=x,dc=example,dc=test' }), 'base', /noSuchObject/, /base_dn/],
    ['a base DN that is none', () => ({ base_dn: 'people' }), 'base', /invalidDNSyntax/, /base_dn is no DN/],
    ['an unknown authority', () => ({ servers: [slapd.tlsUrl] }), 'connect', /self-signed|issuer/, /set tls\.ca/],
    [
      'a name that is not in the certificate',
      () => ({ servers: [slapd.tlsUrl], tls: { ca: authority.certificate, server_name: 'other.test' } }),
      'connect',
      /altnames/,
      /set tls\.server_name/,
    ],
    [
      'TLS on the port without',
      () => ({ servers: [slapd.url.replace('ldap:', 'ldaps:')] }),
      'connect',
      /./,
      /ldap:\/\//,
    ],
    ['an unknown attribute', () => ({ account_attribute: 'mial' }), 'schema', /no attribute mial/, /account_attribute/],
    [
      'a filter that everybody matches',
      () => ({ filters: { user: '(objectClass=inetOrgPerson)' } }),
      'search',
      /./,
      /look at filters\.user/,
    ],
    [
      'a list that nobody is in',
      () => ({ filters: { user: '(uid=%{user})', list: '(objectClass=device)' } }),
      'list',
      /no account at all/,
      /filters\.list/,
    ],
    ['hashes that cannot be read', () => ({ password_check: 'compare' }), 'account', /shows no userPassword/, /bind/],
  ];

  for (const [what, settings, step, message, advice] of FAULTS) {
    it(`says what to do about ${what}`, async () => {
      const found = (await steps(await settings())).find((one) => one.step === step && one.result !== 'ok');

      assert.ok(found !== undefined, 'a step fails');
      assert.match(found.message, message);
      assert.match(found.advice ?? '', advice);
    });
  }

  it('gives up on a server that is silent', async () => {
    await using silent = await startSilentServer();

    const [, bind] = await steps({ servers: [silent.url], timeouts: { connect: '300ms' } });

    assert.equal(bind?.result, 'failed');
    assert.match(bind.message, /no answer to a bind in time/);
  });

  function bindWith(file: string): object {
    return { dn: slapd.serviceDn, password: { file } };
  }
});
