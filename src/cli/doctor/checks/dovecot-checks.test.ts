import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runChecks } from '../check.ts';
import type { Facts } from '../facts.ts';
import type { NamedFinding } from '../finding.ts';
import { gatherFacts } from '../gather-facts.ts';
import type { MailHost, RunResult } from '../mail-host.ts';
import { DOVECOT_CHECKS } from './dovecot-checks.ts';

const FILES = {
  '/usr/lib/dovecot/modules/auth/libauthdb_lua.so': 'liblua5.4.so.0',
  '/usr/lib/dovecot/modules/../libdovecot-lua.so.0': 'dlua_dovecot_http_register',
  '/usr/lib/x86_64-linux-gnu/lua/5.4/cjson.so': '',
};

interface FakeHost {
  readonly version?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly doveconf?: Partial<RunResult>;
}

/** A mail host that has a few files only. */
function fakeHost({ version = '2.3.19.1', files = FILES, doveconf = {} }: FakeHost): MailHost {
  const missing = () => Promise.reject(Object.assign(new Error('missing'), { code: 'ENOENT' }));
  const printed = {
    exitCode: 0,
    stdout: `# ${version} (abcdef0123): /etc/dovecot/dovecot.conf\n`,
    stderr: '',
    ...doveconf,
  };
  return {
    doveconf: async () => printed,
    doveadm: async () => ({ exitCode: 0, stdout: '', stderr: '' }),
    read: (file) => (files[file] === undefined ? missing() : Promise.resolve(Buffer.from(files[file]))),
    status: (file) =>
      files[file] === undefined ? missing() : Promise.resolve({ uid: 0, gid: 0, mode: 0o644, isFolder: false }),
    list: async (folder) => (folder === '/usr/lib' ? ['x86_64-linux-gnu'] : []),
  };
}

async function complaintsOf(host: FakeHost, more: Partial<Facts> = {}): Promise<NamedFinding[]> {
  const facts = await gatherFacts(fakeHost(host), undefined);
  return runChecks(DOVECOT_CHECKS, { ...facts, ...more }).filter(({ level }) => level === 'warn' || level === 'fail');
}

function without(file: keyof typeof FILES): Record<string, string> {
  return Object.fromEntries(Object.entries(FILES).filter(([name]) => name !== file));
}

function listOf(accounts: number): Facts['answers'] {
  const body = JSON.stringify(Array.from({ length: accounts }, (_, i) => `user${i}`));
  return { logins: [], lookUp: undefined, list: { status: 200, date: undefined, body, ms: 1, arrivedMs: 0 } };
}

describe('a Dovecot with all it needs', () => {
  for (const version of ['2.3.19', '2.3.21.1', '2.4.0', '2.4.4'])
    it(`has nothing to mend, ${version}`, async () => assert.deepEqual(await complaintsOf({ version }), []));
});

describe('what a Dovecot lacks', () => {
  const CASES: readonly (readonly [string, FakeHost, Partial<Facts>?])[] = [
    [
      'fail doveconf',
      { doveconf: { exitCode: 89, stdout: '', stderr: 'doveconf: Fatal: Error in configuration file' } },
    ],
    ['fail doveconf', { doveconf: { exitCode: undefined, stdout: '', stderr: 'spawn doveconf ENOENT' } }],
    ['warn doveconf', { doveconf: { stderr: 'doveconf: Warning: service auth { client_limit=10 } is lower' } }],
    ['fail version', { version: '2.3.18' }],
    ['fail version', { version: '2.2.36' }],
    ['warn version', { version: '2.5.0' }],
    ['warn version', { version: '2.4.1-4' }, { answers: listOf(20_000) }],
    ['fail lua', { files: without('/usr/lib/dovecot/modules/auth/libauthdb_lua.so') }],
    ['fail lua', { files: { ...FILES, '/usr/lib/dovecot/modules/../libdovecot-lua.so.0': '' } }],
    ['fail cjson', { files: without('/usr/lib/x86_64-linux-gnu/lua/5.4/cjson.so') }],
    ['warn cjson', { files: { ...FILES, '/usr/lib/dovecot/modules/auth/libauthdb_lua.so': '' } }],
  ];
  for (const [expected, host, more] of CASES)
    it(`is ${expected} where there is ${JSON.stringify(host).slice(0, 90)}`, async () => {
      const found = await complaintsOf(host, more);

      assert.deepEqual(
        found.map(({ level, check }) => `${level} ${check}`),
        [expected],
      );
      assert.ok(found[0]?.mend);
    });

  it('is told of no long list where Dovecot prints it whole', async () => {
    assert.deepEqual(await complaintsOf({ version: '2.4.3' }, { answers: listOf(20_000) }), []);
    assert.deepEqual(await complaintsOf({ version: '2.4.1' }, { answers: listOf(10) }), []);
  });
});
