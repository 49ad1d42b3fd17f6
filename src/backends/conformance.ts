/**
 * What every backend must do, as tests: a backend's own test file opens its harness and calls {@link describeBackend}.
 * Backend-specific behaviour is tested beside the backend.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Attributes } from '../login/account.ts';
import { type AccountName, parseAccountName } from '../login/account-name.ts';
import type { Attempt } from '../login/attempt.ts';
import { DEFAULT_PROTOCOL } from '../login/protocol.ts';
import { Secret } from '../login/secret.ts';
import { type Backend, BackendUnavailableError } from './backend.ts';

/** An account that the harness has to provide. */
export interface ConformanceAccount {
  readonly name: string;
  readonly password: string;
  /** Other login names that lead to the account. */
  readonly aliases: readonly string[];
  readonly attributes: Attributes;
  readonly isDisabled: boolean;
}

export interface BackendHarness {
  /** Opens a backend that serves these accounts and no others. The suite disposes of it. */
  open(accounts: readonly ConformanceAccount[]): Promise<Backend>;
}

const MANY = 2500;

const ALICE: ConformanceAccount = {
  name: 'alice@example.test',
  password: 'alice-pw',
  aliases: ['al@example.test', 'postmaster@example.test'],
  attributes: { mail: ['maildir:~/Maildir'], quota: ['100M'], group: ['staff', 'testers'] },
  isDisabled: false,
};
const BOB: ConformanceAccount = {
  name: 'bob@example.test',
  password: 'bob-pw',
  aliases: ['robert@example.test'],
  attributes: {},
  isDisabled: true,
};
const UNI: ConformanceAccount = {
  name: 'ünï@exämple.test',
  password: 'pässwörd-€-"quote\\"',
  aliases: [],
  attributes: { title: ['Ünï'] },
  isDisabled: false,
};
const ACCOUNTS: readonly ConformanceAccount[] = [ALICE, BOB, UNI, ...manyAccounts()];

/** Names that a filter, a pattern, a path or a line of a file might take for something else; no account has them. */
const HOSTILE_NAMES: readonly string[] = [
  '*',
  'a*',
  'alice@example.tes?',
  'alice@example.test*',
  '*@example.test',
  'alice@example.test:x',
  'alice@example.test,bob@example.test',
  "alice@example.test'--",
  "'or'1'='1",
  'alice@example.test|',
  '&(uid=*)'.replaceAll(/[()]/g, ''),
  '#alice@example.test',
  'alice',
  'alice@',
  '@example.test',
  'example.test',
  '../alice@example.test',
  'alice@example.test/',
  'alice@example.test#',
  'alice@example.test;',
  'alice=',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'alice@example.test.',
  '{alice@example.test}'.slice(1, -1).replace('a', 'а'),
  'x'.repeat(1024),
];

/** Declares the tests that every backend must pass. */
export function describeBackend(name: string, harness: BackendHarness): void {
  describe(`${name} as a backend`, () => {
    let backend: Backend;
    before(async () => {
      backend = await harness.open(ACCOUNTS);
    });
    after(async () => {
      await backend[Symbol.asyncDispose]();
    });

    describePasswords(() => backend);
    describeLookUps(() => backend);
    describeLists(() => backend);

    it('says that it is ready and what it serves', () => {
      const health = backend.health();

      assert.equal(health.isReady, true, health.detail);
      assert.notEqual(health.detail, '');
    });

    it('takes no harm from being disposed of twice', async () => {
      const other = await harness.open([ALICE]);

      await other[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    });
  });
}

function describePasswords(backend: () => Backend): void {
  it('verifies the right password and gives the account', async () => {
    for (const known of [ALICE, UNI]) {
      const result = await verify(backend(), known.name, known.password);

      assert.equal(result.kind, 'verified');
      assert.equal(result.account.name, known.name);
      assert.equal(result.account.isDisabled, false);
      assert.equal(result.account.backend, backend().name);
    }
  });

  it('refuses every other password', async () => {
    const others = [
      'wrong',
      'Alice-pw',
      'alice-pw ',
      ' alice-pw',
      'alice-p',
      'alice-pww',
      'bob-pw',
      '*',
      'x'.repeat(1024),
    ];
    for (const password of others) {
      assert.equal((await verify(backend(), ALICE.name, password)).kind, 'wrong-password', password);
    }
  });

  it('verifies the password of a disabled account and says that it is disabled', async () => {
    const right = await verify(backend(), BOB.name, BOB.password);
    const wrong = await verify(backend(), BOB.name, 'wrong');

    assert.equal(right.kind, 'verified');
    assert.equal(right.account.isDisabled, true);
    assert.equal(wrong.kind, 'wrong-password');
  });

  it('proves the password by an alias and gives the account under its own name', async () => {
    for (const alias of ALICE.aliases) {
      const result = await verify(backend(), alias, ALICE.password);

      assert.equal(result.kind, 'verified', alias);
      assert.equal(result.account.name, ALICE.name);
      assert.equal((await verify(backend(), alias, 'wrong')).kind, 'wrong-password');
    }
  });

  it('knows no user of another name, whatever the password', async () => {
    for (const hostile of ['nobody@example.test', ...HOSTILE_NAMES]) {
      assert.equal((await verify(backend(), hostile, ALICE.password)).kind, 'unknown-user', hostile);
    }
  });

  it('is unavailable, not refusing, when the question was withdrawn', async () => {
    for (const name of [ALICE.name, 'nobody@example.test']) {
      const query = { name: known(name), password: Secret.fromText('alice-pw'), attempt: attemptFor(name) };

      assert.equal((await backend().verifyPassword(query, AbortSignal.abort())).kind, 'unavailable');
    }
  });
}

function describeLookUps(backend: () => Backend): void {
  it('looks accounts up by name and alias without a password', async () => {
    for (const asked of [ALICE.name, ...ALICE.aliases]) {
      const result = await lookUp(backend(), asked);

      assert.equal(result.kind, 'found', asked);
      assert.equal(result.account.name, ALICE.name);
    }
  });

  it('finds a disabled account and says that it is disabled', async () => {
    const result = await lookUp(backend(), BOB.name);

    assert.equal(result.kind, 'found');
    assert.equal(result.account.isDisabled, true);
  });

  it('finds no account by a name that is not exactly its own', async () => {
    for (const hostile of ['nobody@example.test', ...HOSTILE_NAMES]) {
      assert.equal((await lookUp(backend(), hostile)).kind, 'unknown-user', hostile);
    }
  });

  it('gives attributes as arrays of strings, all values in order, and never the password', async () => {
    for (const asked of [ALICE, BOB, UNI]) {
      const result = await lookUp(backend(), asked.name);
      assert.equal(result.kind, 'found');
      const { attributes } = result.account;

      for (const [name, values] of Object.entries(attributes)) {
        assert.ok(Array.isArray(values), name);
        assert.ok(
          values.every((value) => typeof value === 'string'),
          name,
        );
        assert.doesNotMatch(name, /passw|^pass$/i);
      }
      for (const [name, values] of Object.entries(asked.attributes)) assert.deepEqual(attributes[name], values, name);
      assert.equal(JSON.stringify(result.account).includes(asked.password), false);
    }
  });

  it('gives the same account by a look-up as by a login', async () => {
    const lookedUp = await lookUp(backend(), ALICE.name);
    const verified = await verify(backend(), ALICE.name, ALICE.password);

    assert.equal(lookedUp.kind, 'found');
    assert.equal(verified.kind, 'verified');
    assert.deepEqual(verified.account, lookedUp.account);
  });

  it('is unavailable when the look-up was withdrawn', async () => {
    const query = { name: known(ALICE.name), attempt: attemptFor(ALICE.name) };

    assert.equal((await backend().lookUpAccount(query, AbortSignal.abort())).kind, 'unavailable');
  });
}

function describeLists(backend: () => Backend): void {
  it('lists every account once, by its own name', async () => {
    const listed: string[] = [];
    for await (const page of backend().listAccounts(new AbortController().signal)) listed.push(...page);

    assert.deepEqual(listed.toSorted(), ACCOUNTS.map((account) => account.name).toSorted());
  });

  it('fails rather than give a list that is cut off', async () => {
    const list = async () => {
      for await (const page of backend().listAccounts(AbortSignal.abort())) assert.ok(page.length >= 0);
    };

    await assert.rejects(list, BackendUnavailableError);
  });
}

function verify(backend: Backend, name: string, password: string) {
  const secret = Secret.fromText(password);
  const query = { name: known(name), password: secret, attempt: attemptFor(name, secret) };
  return backend.verifyPassword(query, new AbortController().signal);
}

function lookUp(backend: Backend, name: string) {
  return backend.lookUpAccount({ name: known(name), attempt: attemptFor(name) }, new AbortController().signal);
}

function known(text: string): AccountName {
  const name = parseAccountName(text);
  assert.ok(name !== undefined, `${text} must be a name that reaches backends`);
  return name;
}

function attemptFor(loginName: string, password?: Secret): Attempt {
  return {
    session: 'conformance',
    mode: password === undefined ? 'look-up' : 'authenticate',
    caller: 'conformance',
    loginName,
    password,
    protocol: DEFAULT_PROTOCOL,
    mechanism: 'plain',
  };
}

function manyAccounts(): ConformanceAccount[] {
  return Array.from({ length: MANY }, (_, number) => ({
    name: `user${number}@many.test`,
    password: `pw-${number}`,
    aliases: [],
    attributes: {},
    isDisabled: false,
  }));
}
