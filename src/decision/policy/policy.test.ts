import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { anAttempt } from '../../../test/support/attempts.ts';
import { MemoryBackend } from '../../../test/support/memory-backend.ts';
import { aProtection, guarded, type Guarded } from '../../../test/support/protection.ts';
import type { Attempt } from '../../login/attempt.ts';
import type { ClientAddress } from '../../login/client-address.ts';
import { Secret } from '../../login/secret.ts';
import type { Allowance, Policy } from './policy.ts';
import type { ReportedOutcome } from './report-taker.ts';

const ALICE = 'alice@example.test';
const HOME = '203.0.113.7';
const ELSEWHERE = '198.51.100.66';

let books: Guarded;
let policy: Policy;

function open(settings: object = {}, isShared = false): void {
  const backends = [new MemoryBackend([{ name: ALICE, password: 'right' }])];
  books = guarded({ backends }, aProtection(settings), (stores) => stores, isShared);
  policy = books.policy;
}

function login(address: string, changes: Partial<Attempt> = {}): Attempt {
  return anAttempt({ loginName: ALICE, password: undefined, clientAddress: address as ClientAddress, ...changes });
}

function allow(address: string, passwordHash = 'hash', changes: Partial<Attempt> = {}): Promise<Allowance> {
  return policy.allow({ attempt: login(address, changes), passwordHash });
}

function said(allowance: Allowance): string {
  if (allowance.kind === 'may-try') return `after ${allowance.delaySeconds} s`;
  const { verdict } = allowance.decision;
  return verdict.kind === 'refuse' ? verdict.reason : verdict.kind;
}

async function report(outcome: ReportedOutcome, address: string, hash: string | undefined, name = ALICE) {
  return await policy.report({ attempt: login(address, { loginName: name }), passwordHash: hash }, outcome);
}

async function fail(count: number, address: string, name = ALICE): Promise<void> {
  for (let i = 0; i < count; i += 1) await report('wrong-password', address, `${name} ${i}`, name);
}

beforeEach(() => open());

describe('whether a login may be tried', () => {
  it('is asked as often as one likes, and counts nothing', async () => {
    for (let i = 0; i < 100; i += 1) assert.equal(said(await allow(ELSEWHERE, `${i}`)), 'after 0 s');

    assert.equal(books.networks.size + books.accounts.size, 0);
  });

  it('is told by the same counters as own decisions, in both directions', async () => {
    for (let i = 0; i < 10; i += 1)
      await books.decide(anAttempt({ password: Secret.fromText(`${i}`), clientAddress: ELSEWHERE as ClientAddress }));
    await fail(10, ELSEWHERE);

    const asked = await allow(ELSEWHERE);
    const { verdict } = await books.decide(
      anAttempt({ password: Secret.fromText('right'), clientAddress: ELSEWHERE as ClientAddress }),
    );

    assert.equal(said(asked), 'blocked');
    assert.deepEqual([verdict.kind, verdict.kind === 'refuse' && verdict.reason], ['refuse', 'blocked']);
    assert.equal(books.blocks.find([`network:${ELSEWHERE}/32 rule:address`]).blocks.length, 1);
  });

  it('is told where other processes count in the same stores, too', async () => {
    open({}, true);
    for (let i = 0; i < 20; i += 1) await report('wrong-or-unknown', ELSEWHERE, 'x', `user${i}@example.test`);

    assert.equal(said(await allow(ELSEWHERE)), 'blocked');
    assert.equal(said(await allow(HOME)), 'after 0 s');
  });

  it('does not take logins that are under way elsewhere for guesses that have failed', async () => {
    const slow = new MemoryBackend([{ name: ALICE, password: 'right' }]);
    const { promise, resolve } = Promise.withResolvers<void>();
    slow.delay = promise;
    books = guarded({ backends: [slow] });
    policy = books.policy;
    const underWay = Array.from({ length: 20 }, async (_, i) =>
      books.decide(anAttempt({ loginName: `user${i}`, clientAddress: ELSEWHERE as ClientAddress })),
    );

    assert.equal(said(await allow(ELSEWHERE)), 'after 0 s');
    resolve();
    await Promise.all(underWay);
    assert.equal(said(await allow(ELSEWHERE)), 'blocked');
  });

  it('holds the rules that do not count', async () => {
    open({
      tls: { mode: 'enforce' },
      denied_networks: { networks: [`${ELSEWHERE}/32`] },
      relay_domains: { domains: ['example.test'] },
    });
    const tls = { tls: {} };

    assert.equal(said(await allow(ELSEWHERE, 'h', tls)), 'blocked');
    assert.equal(said(await allow(HOME, 'h', { tls: undefined })), 'tls-required');
    assert.equal(said(await allow(HOME, 'h', { ...tls, loginName: 'bob@other.test' })), 'foreign-domain');
    assert.equal(said(await allow(HOME, 'h', { ...tls, loginName: 'no"name' })), 'invalid-name');
    assert.equal(said(await allow(HOME, 'h', tls)), 'after 0 s');
  });

  it('is yes out of exempt networks, and nothing is counted there', async () => {
    open({ exempt_networks: [`${ELSEWHERE}/32`] });

    await fail(100, ELSEWHERE);

    assert.equal(said(await allow(ELSEWHERE)), 'after 0 s');
    assert.equal(books.networks.size + books.accounts.size, 0);
  });

  it('comes after a delay that grows with the passwords that have failed, up to a bound', async () => {
    const delays: string[] = [];
    for (let i = 0; i < 15; i += 1) {
      delays.push(said(await allow(ELSEWHERE, 'not yet tried')));
      await report('wrong-password', ELSEWHERE, `${i}`);
    }

    assert.deepEqual(delays.slice(0, 5), ['after 0 s', 'after 0 s', 'after 0 s', 'after 0 s', 'after 1 s']);
    assert.equal(delays.at(-1), 'after 10 s');
  });

  it('comes without a delay for the password that was right here a short while ago', async () => {
    await report('right', HOME, 'right one');
    await fail(12, HOME);

    assert.equal(said(await allow(HOME, 'right one')), 'after 0 s');
    assert.equal(said(await allow(HOME, 'another')), 'after 10 s');
  });

  it('is delayed alike for names that nobody has, as far as that is known', async () => {
    for (let i = 0; i < 8; i += 1) await report('unknown-user', ELSEWHERE, `${i}`, 'nobody@example.test');
    await fail(8, '198.51.100.67');

    const nobody = await allow('198.51.100.99', 'h', { loginName: 'nobody@example.test' });
    assert.equal(said(nobody), said(await allow('198.51.100.99')));
    assert.equal(books.accounts.size, 1);
  });
});

describe('what a mail server reports', () => {
  it('counts the same wrong password once, and others each', async () => {
    for (let i = 0; i < 100; i += 1) await report('wrong-password', ELSEWHERE, 'the old one');
    assert.equal(said(await allow(ELSEWHERE, 'another')), 'after 0 s');

    for (let i = 0; i < 20; i += 1) await report('wrong-password', ELSEWHERE, undefined);
    assert.equal(said(await allow(ELSEWHERE, 'another')), 'blocked');
  });

  it('makes a network known to the account, so that blocks of it do not hold against the owner', async () => {
    await report('right', HOME, 'right');
    for (let i = 0; i < 20; i += 1) await fail(1, HOME, `other${i}@example.test`);

    assert.equal(said(await allow(HOME, 'right', { loginName: 'stranger@example.test' })), 'blocked');
    assert.equal(said(await allow(HOME, 'right')), 'after 0 s');
    const { verdict } = await books.decide(
      anAttempt({ password: Secret.fromText('right'), clientAddress: HOME as ClientAddress }),
    );
    assert.equal(verdict.kind, 'accept');
  });

  it('uses up the budget of the account, wherever it is guessed from', async () => {
    for (let i = 0; i < 50; i += 1) await report('wrong-password', `198.51.${i}.1`, `${i}`);

    assert.equal(said(await allow('192.0.2.200', 'right')), 'blocked');
  });

  it('holds the budget of a name of which it is not known whether somebody has it, without crowding out accounts', async () => {
    for (let i = 0; i < 50; i += 1) await report('wrong-or-unknown', `198.51.${i}.1`, `${i}`, 'new@example.test');

    assert.equal(said(await allow('192.0.2.200', 'right', { loginName: 'new@example.test' })), 'blocked');
    assert.equal(books.accounts.size, 0);

    await report('right', HOME, 'right');
    await report('wrong-or-unknown', ELSEWHERE, 'wrong');
    assert.equal(books.accounts.size, 1);
  });

  it('is told as a decision: who was let in, who was not and why, and how long he is made to wait', async () => {
    const right = await report('right', HOME, 'right');
    await fail(5, ELSEWHERE);
    const wrong = await report('wrong-password', ELSEWHERE, 'x');
    const disabled = await report('account-disabled', HOME, 'x');

    assert.equal(right?.verdict.kind === 'accept' && right.verdict.source, 'report');
    assert.deepEqual(wrong?.verdict, { kind: 'refuse', reason: 'wrong-password', account: ALICE, waitSeconds: 2 });
    assert.deepEqual(disabled?.verdict, { kind: 'refuse', reason: 'account-disabled', account: ALICE });
    assert.deepEqual(
      wrong?.trail.map(({ step }) => step),
      ['take-report'],
    );
  });

  it('is nothing where nobody has looked at the password, or no account can have the name', async () => {
    assert.equal(await report('undecided', HOME, 'x'), undefined);
    assert.equal(await report('wrong-password', HOME, 'x', ''), undefined);
    assert.equal(books.networks.size + books.accounts.size, 0);
  });

  it('does not take a hash that is of one login name for a password that is tried at many accounts', async () => {
    open({ networks: [] });

    for (let i = 0; i < 30; i += 1) await report('wrong-password', ELSEWHERE, 'same hash', `user${i}@example.test`);

    assert.equal(said(await allow(ELSEWHERE, 'same hash')), 'after 0 s');
  });
});
