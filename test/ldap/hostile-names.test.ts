import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { Client, EqualityFilter, OrFilter } from 'ldapts';
import type { AccountName } from '../../src/login/account-name.ts';
import { Secret } from '../../src/login/secret.ts';
import { startSlapd } from '../daemons/slapd.ts';
import { anAttempt } from '../support/attempts.ts';
import { accountLdif } from './support/account-ldif.ts';
import { openTestBackend, settingsFor, type TestedBackend } from './support/ldap-backend.ts';

const BASE_DN = 'dc=example,dc=test';
const PASSWORD = 'hostile-pw';
/** Accounts with names that mean something in filters and DNs, which an LDAP server takes all the same. */
const NAMES = [
  'a*b@x.test',
  'a(b@x.test',
  'a)(uid=*@x.test',
  'a\\2ab@x.test',
  'a\\b@x.test',
  'a,b=c+d@x.test',
  '*',
  ')(',
  '(|(uid=*))',
  'ab@x.test',
  'ünïcode@x.test',
  '#a"<b>;c@x.test',
  'a%b@x.test',
];

// What names are made of when they are to be mistaken for something else, beside anything at all.
const piece = fc.oneof(
  fc.constantFrom(
    '*',
    '(',
    ')',
    '\\',
    '\\2a',
    '\0',
    '&',
    '|',
    '!',
    '=',
    '~',
    ',',
    '+',
    '#',
    ';',
    '"',
    '<',
    '>',
    '%',
    '%{user}',
  ),
  fc.constantFrom(
    ...NAMES,
    'alice',
    '@example.test',
    'uid=',
    'a',
    'b',
    '@x.test',
    ' ',
    'ß',
    'İ',
    'ﬁ',
    '\ud800',
    '\u00ad',
    'Å',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const hostileName = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));

describe('names that want to be taken for something else', () => {
  const opened = new AsyncDisposableStack();
  let tested: TestedBackend;
  let byParts: TestedBackend;
  let oracle: Client;
  before(async () => {
    const accounts = NAMES.map((name, i) => accountLdif({ uid: `hostile${i}`, name, password: PASSWORD }, BASE_DN));
    const slapd = opened.use(await startSlapd({ ldif: (await Promise.all(accounts)).join('\n') }));
    tested = opened.use(await openTestBackend(settingsFor([slapd])));
    const filters = { user: '(&(uid=%{username})(|(mail=*@%{domain})(!(mail=*))))' };
    const base_dn = 'ou=%{domain},dc=example,dc=test';
    byParts = opened.use(await openTestBackend(settingsFor([slapd], { filters, base_dn })));
    oracle = new Client({ url: slapd.url });
    await oracle.bind(slapd.serviceDn, slapd.servicePassword);
    opened.defer(() => oracle.unbind());
  });
  after(() => opened.disposeAsync());

  /** What slapd itself finds, asked by another client in another way. */
  async function whoHas(name: string): Promise<readonly string[]> {
    const filter = new OrFilter({
      filters: ['nauthilusAccount', 'nauthilusMailAlias'].map(
        (attribute) => new EqualityFilter({ attribute, value: Buffer.from(name) }),
      ),
    });
    const { searchEntries } = await oracle.search(`ou=people,${BASE_DN}`, { filter, attributes: ['nauthilusAccount'] });
    return searchEntries.map((entry) => String(entry['nauthilusAccount']));
  }

  /** As a name that no check has turned away. */
  function unchecked(name: string): AccountName {
    return name as AccountName;
  }

  function verify({ backend }: TestedBackend, name: string) {
    const password = Secret.fromText(PASSWORD);
    const attempt = { ...anAttempt(), loginName: name, password };
    return backend.verifyPassword({ name: unchecked(name), attempt, password }, new AbortController().signal);
  }

  async function lookUp({ backend }: TestedBackend, name: string) {
    const query = { name: unchecked(name), attempt: { ...anAttempt(), loginName: name } };
    return backend.lookUpAccount(query, new AbortController().signal);
  }

  it('find nobody but whom slapd knows by exactly that name', async () => {
    await fc.assert(
      fc.asyncProperty(hostileName, async (name) => {
        const found = await lookUp(tested, name);
        const known = await whoHas(name);

        // A name that is no account's name of ours may be in the directory; then it cannot be delivered.
        if (found.kind === 'unavailable') assert.match(found.detail, /cannot be the name of an account/);
        else assert.deepEqual(found.kind === 'found' ? [found.account.name] : [], known);
      }),
      { numRuns: 400, examples: NAMES.map((name) => [name]) },
    );
  });

  it('get nobody in by a password that is somebody else’s', async () => {
    await fc.assert(
      fc.asyncProperty(hostileName, async (name) => {
        const result = await verify(tested, name);

        if (result.kind === 'verified') assert.deepEqual(await whoHas(name), [result.account.name]);
        else assert.notEqual(result.kind, 'wrong-password', 'nobody of that name has another password');
      }),
      { numRuns: 150, examples: [['*'], [')('], ['a*b@x.test'], ['\0'], ['a\0b@x.test']] },
    );
  });

  it('stay within their place in DNs and in parts of filters', async () => {
    await fc.assert(
      fc.asyncProperty(hostileName, hostileName, async (username, domain) => {
        const result = await lookUp(byParts, `${username}@${domain}`);

        // Only below ou=people, and only where the local part is a uid.
        if (result.kind === 'found') assert.match(result.account.name, /@x\.test$|^[*)(]/);
        else assert.equal(result.kind, 'unknown-user', JSON.stringify(result));
      }),
      {
        numRuns: 200,
        examples: [
          ['alice', 'people,dc=example'],
          ['*', 'people'],
          ['alice', 'people+ou=x'],
        ],
      },
    );
  });

  it('leave the backend as it was', async () => {
    assert.equal(tested.backend.health().isReady, true);
    assert.equal(byParts.backend.health().isReady, true);
    const told = [...tested.events.told, ...byParts.events.told].filter((line) => !line.startsWith('slow'));
    assert.deepEqual(told, []);
  });
});
