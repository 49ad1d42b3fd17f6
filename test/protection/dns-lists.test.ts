import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DnsLists } from '../../src/address-facts/dns-lists.ts';
import { parseClientAddress } from '../../src/login/client-address.ts';
import type { Standing } from '../../src/protection/login-rules/address-lists.ts';
import { aProtection } from '../support/protection.ts';
import { startFaultyDns, type Treatment } from './support/faulty-dns.ts';

const CALM = { answered: () => {}, changed: () => {} };

function configFor(server: string, rbl: object) {
  const { listQuestions } = aProtection({ rbl: { mode: 'enforce', deadline: '400ms', servers: [server], ...rbl } });
  return listQuestions;
}

function list(name: string, more: object = {}): object {
  return { name, zone: `${name}.test`, ...more };
}

function at(text: string) {
  const address = parseClientAddress(text);
  assert.ok(address !== undefined);
  return address;
}

/** What comes of one question where each list, by the first part of its zone, is treated as said. */
async function standing(
  treatments: Readonly<Record<string, Treatment>>,
  rbl: object,
  address = '192.0.2.1',
): Promise<{ readonly found: Standing; readonly ms: number; readonly questions: readonly string[] }> {
  await using server = await startFaultyDns((name) => treatments[name.split('.').at(-2) ?? ''] ?? 'nxdomain');
  using lists = new DnsLists(configFor(server.address, rbl), CALM);
  const begun = performance.now();
  const found = await lists.ask(at(address));
  return { found, ms: performance.now() - begun, questions: server.questions };
}

describe('lists of addresses', () => {
  it('are asked for the octets or nibbles of an address in turn', async () => {
    const four = await standing({ a: '127.0.0.2' }, { lists: [list('a'), list('six', { ipv4: false, ipv6: true })] });
    assert.deepEqual(four.questions, ['1.2.0.192.a.test']);
    assert.deepEqual([four.found.isOver, four.found.listedOn], [true, ['a']]);

    const six = await standing({}, { lists: [list('a'), list('b', { ipv6: true })] }, '2001:db8::17');
    assert.deepEqual(six.questions, [`7.1.${'0.'.repeat(22)}8.b.d.0.1.0.0.2.b.test`]);
    assert.equal(six.found.isOver, false);
  });

  it('count by their weights, welcome lists too, and by the answers that mean something', async () => {
    const lists = [
      list('a', { weight: 2 }),
      list('b', { weight: 2, return_codes: ['127.0.0.4/30'] }),
      list('welcome', { weight: -2 }),
    ];
    const cases: readonly (readonly [Readonly<Record<string, Treatment>>, boolean])[] = [
      [{ a: '127.0.0.2' }, false],
      [{ a: '127.0.0.2', b: '127.0.0.7' }, true],
      [{ a: '127.0.0.2', b: '127.0.0.2' }, false],
      [{ a: '127.0.0.2', b: '127.0.0.4', welcome: '127.0.0.1' }, false],
      [{ a: '127.255.255.254', b: '127.0.0.4' }, false],
      [{ a: '192.0.2.9', b: '127.0.0.4' }, false],
    ];
    for (const [treatments, isOver] of cases) {
      const { found } = await standing(treatments, { lists, threshold: 3 });
      assert.equal(found.isOver, isOver, JSON.stringify(treatments));
    }
  });

  for (const fault of ['silence', 'servfail', 'refused', 'garbage'] as const)
    it(`that give ${fault} instead of an answer block nobody, within the deadline`, async () => {
      const { found, ms } = await standing({ a: fault }, { lists: [list('a'), list('b')] });

      assert.deepEqual([found.isOver, found.mayBeOver, found.unanswered.includes('a')], [false, true, true]);
      assert.ok(ms < 1500, `${ms} ms`);
    });

  it('that are welcome and do not answer count for the client', async () => {
    const { found } = await standing(
      { a: '127.0.0.2', welcome: 'servfail' },
      { lists: [list('a'), list('welcome', { weight: -1 })] },
    );
    assert.deepEqual([found.isOver, found.mayBeOver], [false, true]);
  });

  it('are asked over TCP where an answer is cut off', async () => {
    const { found, questions } = await standing({ a: 'truncated' }, { lists: [list('a')] });
    assert.deepEqual([found.isOver, questions.length], [true, 2]);
  });

  it('are waited for no longer than they can change something', async () => {
    const reached = await standing(
      { a: '127.0.0.2', slow: 'silence' },
      { deadline: '3s', lists: [list('a'), list('slow')] },
    );
    assert.deepEqual([reached.found.isOver, reached.ms < 1500], [true, true], `${reached.ms} ms`);

    const lists = [list('a', { weight: 3 }), list('slow')];
    const unreachable = await standing({ slow: 'silence' }, { deadline: '3s', threshold: 3, lists });
    assert.deepEqual([unreachable.found.isOver, unreachable.ms < 1500], [false, true], `${unreachable.ms} ms`);
  });

  it('are asked once for all who come at once, and not again while the answer lives', async () => {
    await using server = await startFaultyDns(() => '127.0.0.2');
    let now = 1000;
    using lists = new DnsLists(configFor(server.address, { lists: [list('a')], lifetime: '60s' }), CALM, () => now);

    const found = await Promise.all(Array.from({ length: 50 }, async () => lists.ask(at('192.0.2.1'))));
    assert.ok(found.every(({ isOver }) => isOver));
    now = 60_000;
    assert.equal((await lists.ask(at('192.0.2.1'))).isOver, true);
    assert.equal(server.questions.length, 1);
    now = 62_000;
    await lists.ask(at('192.0.2.1'));
    assert.equal(server.questions.length, 2);
  });

  it('are asked about so many addresses at a time and remember so many, not more', async () => {
    await using server = await startFaultyDns((name) => (name.startsWith('1.') ? 'silence' : 'nxdomain'));
    const config = configFor(server.address, { lists: [list('a')], max_lookups: 1, max_addresses: 100 });
    using lists = new DnsLists(config, CALM);

    const first = lists.ask(at('192.0.2.1'));
    const second = lists.ask(at('192.0.2.2'));
    assert.equal(second instanceof Promise, false);
    assert.equal((await second).mayBeOver, true);
    await first;
    for (let i = 2; i < 140; i += 1) await lists.ask(at(`198.51.100.${i}`));
    assert.equal(lists.remembered, 100);
    assert.equal(lists.asking, 0);
  });

  it('that fail again and again are left alone for a while, told once, and asked again later', async () => {
    let isWell = false;
    await using server = await startFaultyDns(() => (isWell ? '127.0.0.2' : 'servfail'));
    let now = 0;
    const told: string[] = [];
    const events = { ...CALM, changed: (name: string, isAway: boolean) => void told.push(`${name} ${isAway}`) };
    using lists = new DnsLists(configFor(server.address, { lists: [list('a')] }), events, () => now);

    for (let i = 1; i <= 5; i += 1) await lists.ask(at(`192.0.2.${i}`));
    const before = server.questions.length;
    assert.equal((await lists.ask(at('192.0.2.6'))).isOver, false);
    assert.deepEqual([server.questions.length, told], [before, ['a true']]);
    isWell = true;
    now = 31_000;
    assert.equal((await lists.ask(at('192.0.2.7'))).isOver, true);
    assert.deepEqual(told, ['a true', 'a false']);
  });

  it('are not waited for by a service that stops', async () => {
    await using server = await startFaultyDns(() => 'silence');
    const lists = new DnsLists(configFor(server.address, { deadline: '4s', lists: [list('a')] }), CALM);
    const begun = performance.now();
    const question = lists.ask(at('192.0.2.1'));
    lists[Symbol.dispose]();
    assert.equal((await question).isOver, false);
    assert.ok(performance.now() - begun < 1000);
  });
});
