import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Secret } from '../../src/login/secret.ts';
import { hashPassword } from '../../src/passwords/hash-password.ts';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';
import { type LdapSettings, openTestBackend, settingsFor, type TestedBackend } from './support/ldap-backend.ts';

const PEOPLE = 'ou=people,dc=example,dc=test';
const ALICE = 'alice@example.test';
const NOBODY = 'nobody@example.test';

function passwordLdif(uid: string, stored: string): string {
  return `dn: uid=${uid},${PEOPLE}\nchangetype: modify\nreplace: userPassword\nuserPassword: ${stored}\n`;
}

/** Operations that a server was asked while something was done, such as `search success 1, bind invalidCredentials 1`. */
async function operationsOf(tested: TestedBackend, work: () => Promise<unknown>): Promise<string> {
  const before = new Map(tested.events.operations);
  await work();
  return [...tested.events.operations]
    .map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

/** The shortest times of two things that are done in turn: what is longer may be the machine's. */
async function shortestInTurn(
  times: number,
  one: (i: number) => Promise<unknown>,
  other: (i: number) => Promise<unknown>,
): Promise<readonly [number, number]> {
  const all: [number[], number[]] = [[], []];
  for (let i = 0; i < 2 * times; i += 1) {
    const start = performance.now();
    await (i % 2 === 0 ? one(i) : other(i));
    all[i % 2]?.push(performance.now() - start);
  }
  return [Math.min(...all[0]), Math.min(...all[1])];
}

describe('what is asked of a server', () => {
  const opened = new AsyncDisposableStack();
  let slapd: Slapd;
  before(async () => {
    slapd = opened.use(await startSlapd({ access: 'compare' }));
  });
  after(() => opened.disposeAsync());

  const open = (settings: LdapSettings = {}) => openTestBackend(settingsFor([slapd], settings));

  it('is the same for an unknown user as for a wrong password', async () => {
    await using tested = await open();

    const wrong = await operationsOf(tested, () => tested.verify(ALICE, 'wrong'));
    const unknown = await operationsOf(tested, () => tested.verify(NOBODY, 'wrong'));

    assert.equal(wrong, 'search success 1, bind invalidCredentials 1');
    assert.equal(unknown, wrong);
  });

  it('is one bind for each form of a password that has two', async () => {
    await using tested = await open();
    const decomposed = 'mu\u0308ller';

    const wrong = await operationsOf(tested, () => tested.verify(ALICE, decomposed));
    const unknown = await operationsOf(tested, () => tested.verify(NOBODY, decomposed));

    assert.equal(wrong, 'search success 1, bind invalidCredentials 2');
    assert.equal(unknown, wrong);
  });

  it('is one search for look-ups that are the same and under way together, unless told otherwise', async () => {
    for (const coalesce of [true, false]) {
      await using tested = await open({ coalesce });
      const together = () => Promise.all(Array.from({ length: 10 }, () => tested.lookUp(ALICE)));

      assert.equal(await operationsOf(tested, together), `search success ${coalesce ? 1 : 10}`);
      assert.equal(await operationsOf(tested, () => tested.lookUp(ALICE)), 'search success 1');
    }
  });

  it('is one search for each login that compares, as an older hash will not do', async () => {
    await using tested = await open({ password_check: 'compare' });
    const together = () => Promise.all(Array.from({ length: 5 }, () => tested.verify(ALICE, 'alice-pw')));

    assert.equal(await operationsOf(tested, together), 'search success 5');
  });

  it('is asked each time of who is known, and a changed entry is another account at once', async () => {
    await using tested = await open();
    const change = (value: string) =>
      slapd.modify(`dn: uid=plain,${PEOPLE}\nchangetype: modify\nreplace: mail\nmail: ${value}\n`);
    const lookUp = async () => {
      const result = await tested.lookUp('plain@example.test');
      assert.equal(result.kind, 'found');
      return result.account;
    };

    const first = await lookUp();
    let again = first;
    const asked = await operationsOf(tested, async () => {
      again = await lookUp();
    });
    await change('other@example.test');
    const changed = await lookUp();
    await change('plain@example.test');

    assert.equal(asked, 'search success 1');
    assert.equal(again, first);
    assert.deepEqual(changed.attributes, { mail: ['other@example.test'] });
    assert.deepEqual((await lookUp()).attributes, first.attributes);
  });

  it('lets a new password in at once, and the old one no more', async () => {
    for (const password_check of ['bind', 'compare']) {
      await using tested = await open({ password_check });
      for (const [now, before] of [
        ['new-pw', 'plain-pw'],
        ['plain-pw', 'new-pw'],
      ] as const) {
        await slapd.modify(passwordLdif('plain', now));

        assert.equal((await tested.verify('plain@example.test', now)).kind, 'verified');
        assert.equal((await tested.verify('plain@example.test', before)).kind, 'wrong-password');
      }
    }
  });
});

describe('the time of an answer', () => {
  it('does not tell who is known where hashes are costly', async () => {
    await using slapd = await startSlapd({ access: 'compare' });
    await slapd.modify('dn: cn=module{0},cn=config\nchangetype: modify\nadd: olcModuleLoad\nolcModuleLoad: argon2\n');
    const stored = await hashPassword(Secret.fromText('alice-pw'), 'ARGON2ID');
    const hash = () => hashPassword(Secret.fromText('alice-pw'), 'ARGON2ID');
    const [cost] = await shortestInTurn(15, hash, hash);
    const costs = { bind: stored.replace('{ARGON2ID}', '{ARGON2}'), compare: stored } as const;
    for (const [password_check, value] of Object.entries(costs)) {
      await slapd.modify(passwordLdif('alice', value));
      await using tested = await openTestBackend(settingsFor([slapd], { password_check }));
      assert.equal((await tested.verify(ALICE, 'alice-pw')).kind, 'verified');

      const [wrong, unknown] = await shortestInTurn(
        15,
        () => tested.verify(ALICE, 'wrong'),
        (i) => tested.verify(`nobody${i}@example.test`, 'wrong'),
      );

      assert.ok(wrong > cost / 2, `a hash costs ${wrong} ms, and ${cost} ms by itself`);
      assert.ok(unknown > wrong / 2, `${password_check}: ${unknown} ms beside ${wrong} ms`);
    }
  });
});
