import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { DOVECOT_VERSIONS } from '../daemons/dovecot-host.ts';
import { TestMailHost } from './mail-host.ts';
import { startService, type TestService } from './services.ts';

const HTTP_CLIENT = 'dlua_dovecot_http_register';
/** A folder of modules: what the Lua library has in it, or no Lua at all. */
const INSTALLATIONS: readonly (readonly [what: string, library: string | undefined, expected: string])[] = [
  ['has no Lua driver', undefined, 'fail lua'],
  ['has a Lua driver without an HTTP client', 'liblua5.4.so', 'fail lua'],
  ['has another Lua than cjson is installed for', `liblua5.0.so ${HTTP_CLIENT}`, 'fail cjson'],
];
/** What doveconf says it is, and how the doctor finds that. */
const VERSIONS = {
  '2.3': [
    ['2.3.18', 'fail version'],
    ['2.2.36', 'fail version'],
  ],
  '2.4': [['2.5.0', 'warn version']],
} as const;

describe('the doctor', { concurrency: 2 }, () => {
  let service: TestService;
  before(async () => {
    service = await startService();
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
  });

  for (const version of DOVECOT_VERSIONS)
    describe(`before an installation of Dovecot ${version}`, { concurrency: 1 }, () => {
      let host: TestMailHost;
      before(async () => {
        host = await TestMailHost.open(version, service.folder);
      });
      afterEach(() => host?.restore());
      after(async () => {
        await host?.[Symbol.asyncDispose]();
      });

      async function complaints(...more: readonly string[]): Promise<readonly string[]> {
        const { findings } = await host.examine(more);
        const bad = findings.filter(({ level }) => level === 'warn' || level === 'fail');
        for (const { check, mend } of bad) assert.ok(mend, `${check} says how to mend it`);
        return bad.map(({ level, check }) => `${level} ${check}`);
      }

      for (const [i, [what, library, expected]] of INSTALLATIONS.entries())
        it(`that ${what} names that, and nothing else`, async () => {
          const folder = join(host.folder.outside, `dovecot${i}`);
          await mkdir(join(folder, 'modules/auth'), { recursive: true });
          if (library !== undefined) {
            await writeFile(join(folder, 'modules/auth/libauthdb_lua.so'), '');
            await writeFile(join(folder, 'libdovecot-lua.so.0'), library);
          }
          await host.addLines(`mail_plugin_dir = ${host.folder.inside}/dovecot${i}/modules`);

          assert.deepEqual(await complaints(), [expected]);
        });

      for (const [said, expected] of VERSIONS[version])
        it(`that is ${said} names that`, async () => {
          const program = join(host.folder.outside, 'doveconf');
          const text = `#!/bin/sh\nout=$(doveconf "$@") && printf '# ${said} %s\\n' "\${out#* * }"\n`;
          await writeFile(program, text);
          await chmod(program, 0o755);

          const found = await complaints('--doveconf', `${host.folder.inside}/doveconf`);

          assert.equal(found.includes(expected), true, String(found));
        });
    });
});
