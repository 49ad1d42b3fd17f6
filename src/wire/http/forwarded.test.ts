import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ForwardedHeaders, originOf } from './forwarded.ts';

const PEER = '10.0.0.1';
const isTrusted = (address: string) => address.startsWith('10.0.0.') || address === '2001:db8::a';

function xff(text: string): string | undefined {
  return originOf(PEER, { 'x-forwarded-for': text }, isTrusted);
}

function forwarded(text: string): string | undefined {
  return originOf(PEER, { forwarded: text }, isTrusted);
}

describe('X-Forwarded-For', () => {
  const cases: readonly (readonly [text: string, origin: string])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7, 10.0.0.2', '192.0.2.7'],
    ['203.0.113.9, 192.0.2.7, 10.0.0.3, 10.0.0.2', '192.0.2.7'],
    ['203.0.113.9,192.0.2.7', '192.0.2.7'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['2001:DB8:0::7', '2001:db8::7'],
    ['192.0.2.7, 2001:db8::a', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['192.0.2.7, ::ffff:10.0.0.2', '192.0.2.7'],
    ['192.0.2.7:4711', '192.0.2.7'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    [' 192.0.2.7 ,, 10.0.0.2 , ', '192.0.2.7'],
    ['unknown', PEER],
    ['unknown, 10.0.0.2', '10.0.0.2'],
    ['192.0.2.7, unknown', PEER],
    ['192.0.2.7, nonsense, 10.0.0.2', '10.0.0.2'],
    ['192.0.2.7, 10.0.0.2 10.0.0.3', PEER],
    ['fe80::1%eth0', PEER],
    ['192.0.2.256', PEER],
    ['', PEER],
    [',', PEER],
  ];
  for (const [text, origin] of cases)
    it(`${JSON.stringify(text)} is on behalf of ${origin}`, () => assert.equal(xff(text), origin));
});

describe('Forwarded', () => {
  const cases: readonly (readonly [text: string, origin: string])[] = [
    ['for=192.0.2.7', '192.0.2.7'],
    ['For=192.0.2.7;proto=https;by=203.0.113.43', '192.0.2.7'],
    ['proto=https; for="192.0.2.7:4711"', '192.0.2.7'],
    ['for="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for="[2001:db8:cafe::17]"', '2001:db8:cafe::17'],
    ['for=192.0.2.7, for=10.0.0.2', '192.0.2.7'],
    ['for=203.0.113.9, for=192.0.2.7;by=10.0.0.3, for=10.0.0.3', '192.0.2.7'],
    ['for=192.0.2.7;host="a, b", for=10.0.0.2', '192.0.2.7'],
    ['for=192.0.2.7;host="x, for=203.0.113.9"', '192.0.2.7'],
    ['for=192.0.2.7;host="x, for=\\"203.0.113.9\\""', '192.0.2.7'],
    ['host="a;for=203.0.113.9";for=192.0.2.7', '192.0.2.7'],
    ['for=203.0.113.9;for=192.0.2.7', PEER],
    ['for="19\\2.0.2.7"', '192.0.2.7'],
    ['for=192.0.2.7,', '192.0.2.7'],
    ['for=192.0.2.7;', '192.0.2.7'],
    [' for=192.0.2.7 ; ;\t; proto=https ;  ; ', '192.0.2.7'],
    ['for=192.0.2.7 proto=https', PEER],
    ['; for=192.0.2.7', PEER],
    ['for=unknown, for=10.0.0.2', '10.0.0.2'],
    ['for=_hidden', PEER],
    ['for=192.0.2.7, proto=https', PEER],
    ['for=192.0.2.7, by=10.0.0.2', PEER],
    ['xfor=192.0.2.7', PEER],
    ['for="half, for=192.0.2.7', '192.0.2.7'],
    ['for="', PEER],
    ['for=192.0.2.7, broken broken', PEER],
    ['192.0.2.7', PEER],
    ['', PEER],
  ];
  for (const [text, origin] of cases)
    it(`${JSON.stringify(text)} is on behalf of ${origin}`, () => assert.equal(forwarded(text), origin));
});

describe('who asks', () => {
  it('is the proxy itself where no header tells of another', () => {
    assert.equal(originOf(PEER, {}, isTrusted), PEER);
  });

  it('is known from both headers where they agree', () => {
    const headers: ForwardedHeaders = { forwarded: 'for=192.0.2.7', 'x-forwarded-for': '192.0.2.7' };
    assert.equal(originOf(PEER, headers, isTrusted), '192.0.2.7');
  });

  it('is not known where both headers tell of different ones', () => {
    const headers: ForwardedHeaders = { forwarded: 'for=203.0.113.9', 'x-forwarded-for': '192.0.2.7' };
    assert.equal(originOf(PEER, headers, isTrusted), undefined);
  });

  it('is never decided by what a client wrote to the left of a proxy’s own words', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: 'binary-ascii' }), (begun) => {
        assert.equal(xff(`${begun}, 192.0.2.7`), '192.0.2.7');
        assert.equal(forwarded(`${begun}, for=192.0.2.7`), '192.0.2.7');
        assert.equal(forwarded(`${begun}, for=192.0.2.7;host="a, \\"b"`), '192.0.2.7');
      }),
      { numRuns: 500 },
    );
  });

  it('is found quickly in the longest headers', () => {
    const longest = [
      ',"'.repeat(8000),
      'for="\\'.repeat(3000),
      'for=10.0.0.2,'.repeat(1200),
      ';'.repeat(16_000),
      `for=192.0.2.7${';  '.repeat(5000)}@`,
      `for=192.0.2.7${' '.repeat(16_000)}@`,
      `for=192.0.2.7${';\t '.repeat(5000)};for="`,
      `${'for=10.0.0.2 ; '.repeat(1000)}@`,
    ];
    // The best of some: a busy machine may stop any of them for a while.
    const took = Array.from({ length: 3 }, () => {
      const started = performance.now();
      for (const text of longest) forwarded(text);
      xff('10.0.0.2,'.repeat(1800));
      return performance.now() - started;
    });
    assert.ok(Math.min(...took) < 200, `${took.join(', ')} ms`);
  });
});
