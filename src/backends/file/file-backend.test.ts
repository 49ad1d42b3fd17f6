import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { accountName } from '../../../test/support/accounts.ts';
import { aLookUp, anAttempt } from '../../../test/support/attempts.ts';
import { Secret } from '../../login/secret.ts';
import { PasswordChecks } from '../../passwords/password-checks.ts';
import type { Backend } from '../backend.ts';
import { type ConformanceAccount, describeBackend } from '../conformance.ts';
import { openFileBackend } from './file-backend.ts';
import { defaultFileBackend, type FileBackendConfig } from './file-config.ts';
import { PasswdFileError } from './passwd-file-error.ts';

const ARGON2 =
  '{ARGON2ID}$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$8G8gb/AaQ8s8zPO3OaNWY4BcSPmG7LX0MIrfpSJVQLA';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nauthilus-file-'));
});
after(async () => {
  await rm(folder, { recursive: true });
});

let files = 0;
async function opened(text: string, config: Partial<FileBackendConfig> = {}, checks = new PasswordChecks()) {
  files += 1;
  const path = join(folder, `accounts-${files}`);
  await writeFile(path, text);
  const parts = { checks, onReloaded: () => undefined, onReloadRefused: () => undefined };
  return openFileBackend('accounts', { ...defaultFileBackend(path), ...config }, parts);
}

function lineOf({ name, password, aliases, attributes, isDisabled }: ConformanceAccount): string {
  const encoded = `{PLAIN.b64}${Buffer.from(password).toString('base64')}`;
  const extra = Object.entries(attributes).flatMap(([key, values]) => values.map((value) => `${key}=${value}`));
  for (const alias of aliases) extra.push(`alias=${alias}`);
  if (isDisabled) extra.push('disabled=yes');
  return `${name}:${encoded}::::::${extra.join(' ')}`;
}

describeBackend('file', {
  open: (accounts) => opened(`# accounts\n\n${accounts.map(lineOf).join('\n')}\n`),
});

async function lookedUp(backend: Backend, name: string) {
  const query = { name: accountName(name), attempt: aLookUp(name) };
  const result = await backend.lookUpAccount(query, new AbortController().signal);
  return result.kind === 'found' ? result.account : undefined;
}

async function verified(backend: Backend, name: string, password: string, signal = new AbortController().signal) {
  const secret = Secret.fromText(password);
  const query = {
    name: accountName(name),
    password: secret,
    attempt: anAttempt({ loginName: name, password: secret }),
  };
  return (await backend.verifyPassword(query, signal)).kind;
}

async function listed(backend: Backend): Promise<string[]> {
  const names: string[] = [];
  for await (const page of backend.listAccounts(new AbortController().signal)) names.push(...page);
  return names;
}

describe('an account of the file backend', () => {
  it('has the fields of its line as attributes', async () => {
    await using backend = await opened(
      'al@x.test:{PLAIN}pw:1000:100:Al:/home/al:/bin/sh:userdb_mail=maildir:~/M rep=1 rep=2 empty= bare userdb_rep=3\n',
    );

    assert.deepEqual((await lookedUp(backend, 'al@x.test'))?.attributes, {
      uid: ['1000'],
      gid: ['100'],
      home: ['/home/al'],
      mail: ['maildir:~/M'],
      rep: ['1', '2', '3'],
      empty: [''],
      bare: [''],
    });
  });

  it('delivers fields under the names that are set, and keeps back those that are not to be delivered', async () => {
    const attributes = new Map([
      ['gecos', 'displayName'],
      ['uid', undefined],
      ['quota_rule', 'rnsMSQuota'],
      ['other', 'rnsMSQuota'],
    ]);
    await using backend = await opened('al:{PLAIN}pw:1000::Al A:::userdb_quota_rule=*:storage=1G other=2 kept=3\n', {
      attributes,
    });

    assert.deepEqual((await lookedUp(backend, 'al'))?.attributes, {
      displayName: ['Al A'],
      rnsMSQuota: ['*:storage=1G', '2'],
      kept: ['3'],
    });
  });

  it('keeps attributes with names that mean something to JavaScript', async () => {
    await using backend = await opened('al:{PLAIN}pw::::::__proto__=x constructor=y\n');

    const attributes = (await lookedUp(backend, 'al'))?.attributes;

    assert.equal(JSON.stringify(attributes), '{"__proto__":["x"],"constructor":["y"]}');
  });

  it('is the same object at each look-up, whatever name it is found by', async () => {
    await using backend = await opened('al:{PLAIN}pw::::::alias=b alias=c\n');

    const byAlias = await lookedUp(backend, 'b');

    assert.ok(byAlias !== undefined);
    assert.equal(await lookedUp(backend, 'al'), byAlias);
    assert.equal(await lookedUp(backend, 'c'), byAlias);
    assert.equal(await lookedUp(backend, 'AL'), byAlias);
  });

  it('is found whatever the case of the login name, unless case is to matter', async () => {
    await using folding = await opened('Al@X.test:{PLAIN}pw::::::alias=B@x.test\n');
    await using exact = await opened('Al@X.test:{PLAIN}pw::::::alias=B@x.test\nal@x.test:{PLAIN}2\n', {
      lowerCase: false,
    });

    for (const name of ['al@x.test', 'AL@X.TEST', 'b@x.test', 'B@X.test']) {
      assert.equal((await lookedUp(folding, name))?.name, 'al@x.test');
    }
    assert.equal((await lookedUp(exact, 'Al@X.test'))?.name, 'Al@X.test');
    assert.equal((await lookedUp(exact, 'al@x.test'))?.name, 'al@x.test');
    assert.equal((await lookedUp(exact, 'B@x.test'))?.name, 'Al@X.test');
    assert.equal(await lookedUp(exact, 'b@x.test'), undefined);
  });

  it('is found whatever normalisation form the file has its name in', async () => {
    await using backend = await opened(`u\u0308@x.test:{PLAIN}pw\n`);

    assert.equal((await lookedUp(backend, '\u00fc@x.test'))?.name, '\u00fc@x.test');
    assert.equal((await lookedUp(backend, 'U\u0308@x.test'))?.name, '\u00fc@x.test');
  });

  it('is in the list even when disabled, unless disabled accounts are to be left out', async () => {
    const text = 'a:{PLAIN}pw\nb:!{PLAIN}pw\nc:{PLAIN}pw::::::nologin alias=d\n';
    await using all = await opened(text);
    await using enabled = await opened(text, { listDisabled: false });

    assert.deepEqual(await listed(all), ['a', 'b', 'c']);
    assert.deepEqual(await listed(enabled), ['a']);
  });
});

describe('a login at the file backend', () => {
  it('is never right for an account without a password', async () => {
    await using backend = await opened('a:\nb\nc:*\nd:{PLAIN}\ne:!\nf:::::::nopassword\n');

    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      for (const password of ['', '*', '!', 'x']) {
        assert.equal(await verified(backend, name, password), 'wrong-password', `${name} with ${password}`);
      }
    }
  });

  it('proves the password of an account that is locked by a mark before its hash', async () => {
    await using backend = await opened('a:!{PLAIN}pw\n');

    assert.equal(await verified(backend, 'a', 'pw'), 'verified');
    assert.equal((await lookedUp(backend, 'a'))?.isDisabled, true);
  });

  it('takes hashes without a scheme to be in the default scheme', async () => {
    await using plain = await opened('a:pw\n', { defaultScheme: 'PLAIN' });
    await using crypt = await opened('a:$2y$04$Zma7GfUXHsuSLyBZ8mG4suTuSMtkbmHK38oYNvCHyD3HmZf2tyf8K\n');

    assert.equal(await verified(plain, 'a', 'pw'), 'verified');
    assert.equal(await verified(crypt, 'a', 'wrong'), 'wrong-password');
  });

  it('of an unknown user is checked against a hash like those of the file', async () => {
    const checks = new PasswordChecks({ concurrency: 1, maxQueue: 0 });
    await using costly = await opened(`a:${ARGON2}\nb:{PLAIN}pw\n`.repeat(1), {}, checks);
    await using empty = await opened('# nobody yet\n', {}, checks);

    const first = verified(empty, 'nobody', 'pw');

    assert.equal(checks.running, 1);
    assert.equal(await verified(empty, 'nobody', 'pw'), 'unavailable');
    assert.equal(await verified(costly, 'a', 'pw'), 'unavailable');
    assert.equal(await verified(costly, 'b', 'pw'), 'verified');
    assert.equal(await first, 'unknown-user');
  });

  it('is unavailable when the deadline passes while the hash is computed', async () => {
    await using backend = await opened('# nobody yet\n');
    const controller = new AbortController();

    const result = verified(backend, 'nobody', 'pw', controller.signal);
    controller.abort();

    assert.equal(await result, 'unavailable');
  });
});

describe('a broken file at the start', () => {
  it('is an error that names the file and each broken line, and no password', async () => {
    const text = 'a:{PLAIN}pw\nb c:{PLAIN}hidden\n# fine\nd:{NOPE}hidden\na:{PLAIN}hidden\n';

    await assert.rejects(opened(text), (error: unknown) => {
      assert.ok(error instanceof PasswdFileError);
      assert.match(error.message, /^\/.*accounts-\d+:2: "b c" is no account name; .*\n\/.*:4: account d: .*scheme/s);
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    });
  });

  it('is an error that names both lines of a name that two accounts have', async () => {
    for (const text of ['\na:{PLAIN}1\nb:{PLAIN}2::::::alias=A\n', '\nb:{PLAIN}2::::::alias=a\na:{PLAIN}1\n']) {
      await assert.rejects(opened(text), /:3: a is already the name or an alias of the account in line 2/);
    }
    await assert.rejects(opened('b:{PLAIN}2::::::alias=c\na:{PLAIN}1::::::alias=C\n'), /:2: c is already .* line 1/);
  });

  it('is an error where the file is missing or no file', async () => {
    const parts = { checks: new PasswordChecks(), onReloaded: () => undefined, onReloadRefused: () => undefined };

    await assert.rejects(
      openFileBackend('x', defaultFileBackend(join(folder, 'none')), parts),
      /none: the file does not exist/,
    );
    await assert.rejects(
      openFileBackend('x', defaultFileBackend(folder), parts),
      /it is not a regular file|it is a folder/,
    );
  });
});
