import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { DOVECOT_ACCOUNTS } from './dovecot-accounts.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from './dovecot-host.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import type { ToolResult } from './run-tool.ts';

const COUNT = 10_000;
const NO_USER = 67;
const NO_PERMISSION = 77;
/** The same account in the words of either version. */
const SHOWN = {
  '2.3': {
    alice: [/^quota_rule\t\*:storage=100M$/m, /^mail\tmaildir:~\/elsewhere$/m],
    frank: [/^acl_groups\tstaff,testers$/m, /^mail\tmaildir:~\/box$/m, /^quota_rule\t\*:bytes=1048576$/m],
  },
  '2.4': {
    alice: [/^quota_storage_size\t104857600B$/m, /^mail_driver\tmaildir$/m, /^mail_path\t.*\/elsewhere$/m],
    frank: [/^acl_groups\tstaff,testers$/m, /^mail_path\t.*\/box$/m, /^quota_storage_size\t1048576B$/m],
  },
} as const;

// Short, since a Dovecot 2.4 before 2.4.3 may give up in the middle of a list whose names fill its buffers.
const many = Array.from({ length: COUNT }, (_, i) => `u${String(i).padStart(6, '0')}@m.test`);

describe('doveadm', { concurrency: DOVECOT_VERSIONS.length }, () => {
  for (const version of DOVECOT_VERSIONS)
    describe(`of a Dovecot ${version} that asks the service`, { concurrency: 1 }, () => askDoveadm(version));
});

function askDoveadm(version: DovecotVersion): void {
  const shown = SHOWN[version];
  let service: Nauthilus;
  let dovecot: Dovecot;

  before(async () => {
    const accounts = DOVECOT_ACCOUNTS + many.map((name) => `${name}:{PLAIN}x::::::\n`).join('');
    service = await startNauthilus({ accounts });
    dovecot = await startDovecot({
      version,
      url: service.url,
      ca: service.ca,
      secret: service.credential,
      protocols: ['imap'],
    });
  });
  after(async () => {
    await dovecot?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
  });

  it('tells a right password from a wrong one', async () => {
    const right = await dovecot.doveadm('auth', 'test', 'alice@example.test', 'alice-pw');
    const wrong = await dovecot.doveadm('auth', 'test', 'alice@example.test', 'wrong');

    assert.equal(right.exitCode, 0);
    assert.match(right.stdout, /auth succeeded/);
    assert.equal(wrong.exitCode, NO_PERMISSION);
  });

  it('shows the fields of an account, found by its name or an alias', async () => {
    const byName = await dovecot.doveadm('user', 'alice@example.test');
    const byAlias = await dovecot.doveadm('user', 'postmaster@example.test');

    assert.equal(byName.exitCode, 0);
    for (const field of shown.alice) assert.match(byName.stdout, field);
    assert.match(byAlias.stdout, /^home\t.*\/mail\/alice@example\.test$/m);
  });

  it('shows several values and sizes as this version has them', async () => {
    const { stdout } = await dovecot.doveadm('user', 'frank@example.test');

    for (const field of shown.frank) assert.match(stdout, field);
    assert.match(stdout, /^quota_over_(flag|status_current)\tTRUE$/m);
  });

  it('finds neither unknown nor disabled users', async () => {
    assert.equal((await dovecot.doveadm('user', 'nobody@example.test')).exitCode, NO_USER);
    assert.equal((await dovecot.doveadm('user', 'bob@example.test')).exitCode, NO_USER);
  });

  it('shows where logins of an account are sent on to', async () => {
    const { stdout } = await dovecot.doveadm('auth', 'lookup', 'dave@example.test');

    assert.match(stdout, /host\s*: 127\.0\.0\.9/);
  });

  it(`lists ${COUNT} accounts and more, each once`, async () => {
    const { exitCode, stdout } = await listAll(dovecot);

    const listed = stdout.trimEnd().split('\n');
    assert.equal(exitCode, 0);
    assert.equal(new Set(listed).size, listed.length);
    assert.deepEqual(listed.filter((name) => name.endsWith('@m.test')).sort(), many);
    assert.equal(listed.length, COUNT + 8);
  });

  it('lists those that match a pattern', async () => {
    const { stdout } = await dovecot.doveadm('user', 'u00001?@m.test');

    assert.deepEqual(stdout.trimEnd().split('\n').sort(), many.slice(10, 20));
  });
}

/** Dovecot 2.4 before 2.4.3 ends a list in the middle where doveadm reads more slowly than it is written; not our doing. */
async function listAll(dovecot: Dovecot): Promise<ToolResult> {
  for (let tries = 1; ; tries += 1) {
    const before = (await dovecot.log()).length;
    const listed = await dovecot.doveadm('user', '*');
    const wasAborted = (await dovecot.log()).includes('Aborted LIST request', before);
    if (!wasAborted || tries === 5) return listed;
  }
}
