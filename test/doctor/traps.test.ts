import assert from 'node:assert/strict';
import { chmod, chown, rm, writeFile } from 'node:fs/promises';
import { after, afterEach, before, describe, it } from 'node:test';
import { makeSelfSigned } from '../../src/cli/init/self-signed.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from '../daemons/dovecot-host.ts';
import { TestMailHost } from './mail-host.ts';
import { SECRET, startFakeService, startService, type TestService } from './services.ts';

interface Trap {
  readonly what: string;
  /** What the doctor must say: one check, and how bad it is. */
  readonly expected: `${'warn' | 'fail'} ${string}`;
  readonly only?: DovecotVersion;
  build(host: TestMailHost): Promise<void>;
}

const PASSDB_23 = /passdb \{\n {2}driver = lua\n {2}(args = file=.*)\n\}/;
const EXAMPLE_FILTER =
  'if request.auth_user:lower() ~= request.user:lower() then return result.PASSDB_RESULT_OK, {} end';

const TRAPS: readonly Trap[] = [
  {
    what: 'a configuration that Dovecot does not understand',
    expected: 'fail doveconf',
    build: (host) => host.addLines('no_such_setting = yes'),
  },
  {
    what: 'a limit of clients that Dovecot itself warns of',
    expected: 'warn doveconf',
    only: '2.3',
    build: (host) => host.addLines('protocols = imap', 'service auth {', '  client_limit = 10', '}'),
  },
  {
    what: 'no script',
    expected: 'fail script',
    build: (host) => rm(host.path('glue')),
  },
  {
    what: 'a script that Dovecot may not read',
    expected: 'fail script',
    build: (host) => chmod(host.path('glue'), 0o600),
  },
  {
    what: 'a script of another version',
    expected: 'warn glue',
    build: (host) => host.replace('glue', /$/, '-- changed here\n'),
  },
  {
    what: 'a script that takes a rewritten name for a master login',
    expected: 'fail master-login',
    build: (host) =>
      host.replace('glue', 'function auth_password_verify(request, password)', `$&\n  ${EXAMPLE_FILTER}`),
  },
  { what: 'no settings', expected: 'fail settings', build: (host) => rm(host.path('settings')) },
  {
    what: 'settings that Dovecot may not read',
    expected: 'fail settings',
    build: (host) => chmod(host.path('settings'), 0o600),
  },
  {
    what: 'settings with a mistake',
    expected: 'fail settings',
    build: (host) => host.replace('settings', 'return {', 'return'),
  },
  {
    what: 'a setting that there is not',
    expected: 'warn settings',
    build: (host) => host.replace('settings', 'return {', 'return {\n  time_out = 5,'),
  },
  {
    what: 'a timeout in seconds',
    expected: 'warn settings',
    build: (host) => host.replace('settings', /\n {2}timeout = \d+/, '\n  timeout = 300'),
  },
  {
    what: 'passwords that go through the network in plain text',
    expected: 'fail settings',
    build: (host) => host.replace('settings', /https:\/\/127.0.0.1:\d+/, 'http://192.0.2.1:9080'),
  },
  { what: 'no secret', expected: 'fail secret', build: (host) => rm(host.path('secret')) },
  {
    what: 'a secret that only root can read',
    expected: 'warn secret',
    build: (host) => chown(host.path('secret'), 0, 0),
  },
  {
    what: 'a secret that Dovecot\u2019s workers cannot read',
    expected: 'fail secret',
    async build(host) {
      await chown(host.path('secret'), 0, 0);
      await host.addLines('service auth-worker {', '  user = dovecot', '}');
    },
  },
  {
    what: 'a secret that everybody can read',
    expected: 'fail secret',
    build: (host) => chmod(host.path('secret'), 0o644),
  },
  {
    what: 'a secret that was encoded with the end of its line',
    expected: 'fail secret',
    build: (host) => writeFile(host.path('secret'), Buffer.from(`dovecot:${SECRET}\n`).toString('base64')),
  },
  {
    what: 'a secret without the caller\u2019s name',
    expected: 'fail secret',
    build: (host) => writeFile(host.path('secret'), `${SECRET}\n`),
  },
  {
    what: 'a service that does not run',
    expected: 'fail reach',
    build: (host) => host.replace('settings', /127.0.0.1:\d+/, '127.0.0.1:1'),
  },
  {
    what: 'no certificate to trust, but one in a setting that looks like it',
    expected: 'fail ca',
    build: (host) =>
      host.replace('conf', /\nssl_client_ca_file/, host.version === '2.3' ? '\nssl_ca' : '\nssl_server_ca_file'),
  },
  { what: 'a missing file of what is trusted', expected: 'fail ca', build: (host) => rm(host.path('ca')) },
  {
    what: 'a certificate to trust that Dovecot may not read',
    expected: 'fail ca',
    build: (host) => chmod(host.path('ca'), 0o600),
  },
  {
    what: 'certificates that are not checked',
    expected: 'fail ca',
    build: (host) => host.addLines('ssl_client_require_valid_cert = no'),
  },
  {
    what: 'another certificate as trusted',
    expected: 'fail certificate',
    async build(host) {
      const { certificate } = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
      await writeFile(host.path('ca'), certificate);
    },
  },
  {
    what: 'a wrong secret',
    expected: 'fail caller',
    build: (host) => writeFile(host.path('secret'), 'dovecot:another\n'),
  },
  {
    what: 'a caller of another network',
    expected: 'fail caller',
    build: (host) => writeFile(host.path('secret'), `elsewhere:${SECRET}\n`),
  },
  {
    what: 'a caller that may not ask about logins',
    expected: 'fail service-passdb',
    build: (host) => writeFile(host.path('secret'), `no-logins:${SECRET}\n`),
  },
  {
    what: 'a caller that may not look accounts up',
    expected: 'fail service-userdb',
    build: (host) => writeFile(host.path('secret'), `no-lookups:${SECRET}\n`),
  },
  {
    what: 'a caller that may not list accounts',
    expected: 'fail service-list',
    build: (host) => writeFile(host.path('secret'), `no-list:${SECRET}\n`),
  },
  {
    what: 'users of the system that can log in too',
    expected: 'warn passdb',
    build: (host) =>
      host.addLines(...(host.version === '2.3' ? ['passdb {', '  driver = pam', '}'] : ['passdb pam {', '}'])),
  },
  {
    what: 'a prefetch userdb behind the other',
    expected: 'warn userdb',
    async build(host) {
      const prefetch = host.version === '2.3' ? 'userdb {\n  driver = prefetch\n}\n' : 'userdb prefetch {\n}\n';
      await host.replace('conf', prefetch, '');
      await host.addLines(prefetch);
    },
  },
  {
    what: 'no prefetch userdb',
    expected: 'warn userdb',
    build: (host) => host.replace('conf', /userdb (prefetch )?\{\n( {2}driver = prefetch\n)?\}/, ''),
  },
  {
    what: 'a mechanism that needs the stored password',
    expected: 'warn mechanisms',
    build: (host) => host.addLines('auth_mechanisms = plain login cram-md5'),
  },
  {
    what: 'the auth cache with its own key',
    expected: 'fail auth-cache',
    only: '2.3',
    build: (host) => host.addLines('auth_cache_size = 10M'),
  },
  {
    what: 'the auth cache with a key that lacks the address',
    expected: 'fail auth-cache',
    only: '2.3',
    async build(host) {
      await host.addLines('auth_cache_size = 10M');
      await host.replace('conf', PASSDB_23, 'passdb {\n  driver = lua\n  $1 cache_key=%u%s\n}');
    },
  },
  {
    what: 'an empty cache key',
    expected: 'fail auth-cache',
    only: '2.3',
    async build(host) {
      await host.addLines('auth_cache_size = 10M');
      await host.replace('conf', PASSDB_23, 'passdb {\n  driver = lua\n  $1 cache_key=\n}');
    },
  },
  {
    what: 'names that lose their domain',
    expected: 'warn name-format',
    build: (host) =>
      host.addLines(`auth_username_format = ${host.version === '2.3' ? '%Ln' : '%{user | username | lower}'}`),
  },
  {
    what: 'passwords that are taken without TLS',
    expected: 'fail cleartext',
    build: (host) =>
      host.addLines(host.version === '2.3' ? 'disable_plaintext_auth = no' : 'auth_allow_cleartext = yes'),
  },
  {
    what: 'a whole world that is trusted',
    expected: 'fail penalty',
    build: (host) => host.addLines('login_trusted_networks = 0.0.0.0/0'),
  },
  {
    what: 'one auth worker',
    expected: 'warn workers',
    build: (host) =>
      host.addLines(
        ...(host.version === '2.3'
          ? ['auth_worker_max_count = 1']
          : ['service auth-worker {', '  process_limit = 1', '}']),
      ),
  },
  {
    what: 'questions in the auth process itself',
    expected: 'warn workers',
    build: (host) =>
      host.version === '2.3'
        ? host.replace('conf', 'blocking=yes', 'blocking=no')
        : host.replace('conf', 'passdb_use_worker = yes', 'passdb_use_worker = no'),
  },
];

describe('the doctor', { concurrency: 2 }, () => {
  let service: TestService;
  before(async () => {
    service = await startService();
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
  });

  for (const version of DOVECOT_VERSIONS)
    describe(`for Dovecot ${version}`, { concurrency: 1 }, () => {
      let host: TestMailHost;
      before(async () => {
        host = await TestMailHost.open(version, service.folder);
      });
      afterEach(() => host?.restore());
      after(async () => {
        await host?.[Symbol.asyncDispose]();
      });

      /** What is wrong, as it is expected; with its texts where a test fails. */
      async function complaints(): Promise<{
        readonly names: string[];
        readonly exitCode: number;
        readonly said: string;
      }> {
        const { exitCode, findings } = await host.examine();
        const bad = findings.filter(({ level }) => level === 'warn' || level === 'fail');
        for (const { check, mend } of bad) assert.ok(mend, `${check} says how to mend it`);
        return { names: bad.map(({ level, check }) => `${level} ${check}`), exitCode, said: JSON.stringify(bad) };
      }

      /** Lets the host ask something else than our service. */
      async function pointAt({
        url,
        certificate,
      }: {
        readonly url: string;
        readonly certificate: string;
      }): Promise<void> {
        await host.replace('settings', /https:[^']*/, url);
        await writeFile(host.path('ca'), certificate);
      }

      it('finds nothing wrong with what generate writes', async () => {
        const { exitCode, findings } = await host.examine();

        assert.equal(exitCode, 0);
        assert.deepEqual(
          findings.filter(({ level }) => level !== 'ok').map(({ check, level }) => `${level} ${check}`),
          ['skipped probe', 'skipped login'],
        );
      });

      for (const trap of TRAPS.filter(({ only = version }) => only === version))
        it(`names ${trap.what}, and nothing else`, async () => {
          await trap.build(host);

          const { names, exitCode, said } = await complaints();

          assert.deepEqual(names, [trap.expected], said);
          assert.equal(exitCode, trap.expected.startsWith('fail') ? 1 : 0);
        });

      const REFUSAL = { status: 403, body: '{"ok":false,"dovecot":{"result":"unknown"}}' };
      const FAKES = [
        ['fail service-passdb', { ...REFUSAL, status: 500 }],
        ['fail service-passdb', { ...REFUSAL, body: '{"ok":false}' }],
        ['fail service-passdb', { status: 200, body: '{"ok":true,"dovecot":{}}' }],
        ['warn clock', { ...REFUSAL, date: new Date(Date.now() - 90_000) }],
      ] as const;
      for (const [expected, answer] of FAKES)
        it(`says ${expected} where the service answers ${JSON.stringify(answer)}`, async () => {
          await using fake = await startFakeService(answer);
          await pointAt(fake);

          assert.ok((await complaints()).names.includes(expected));
        });

      it('names a certificate of another name, and nothing else', async () => {
        await using fake = await startFakeService(REFUSAL, ['mail.example.test']);
        await pointAt(fake);

        assert.deepEqual((await complaints()).names, ['fail certificate']);
      });

      it('is content with a cache whose key has all that counts', async () => {
        await host.addLines('auth_cache_size = 10M');
        if (version === '2.3')
          await host.replace('conf', PASSDB_23, 'passdb {\n  driver = lua\n  $1 cache_key=%u%s%r\n}');

        const { names, said } = await complaints();
        assert.deepEqual(names, [], said);
      });
    });
});
