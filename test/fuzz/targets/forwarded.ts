import assert from 'node:assert/strict';
import { parseClientAddress } from '../../../src/login/client-address.ts';
import { originOf } from '../../../src/wire/http/forwarded.ts';
import type { FuzzTarget, OpenTarget } from '../fuzz-target.ts';

const PEER = '10.0.0.1';
const CLIENT = '192.0.2.7';
const isTrusted = (address: string) => address.startsWith('10.');

class OpenForwarded implements OpenTarget {
  taken = 0;

  check(input: string): void {
    const origins = [
      originOf(PEER, { 'x-forwarded-for': input }, isTrusted),
      originOf(PEER, { forwarded: input }, isTrusted),
      originOf(PEER, { forwarded: input, 'x-forwarded-for': input }, isTrusted) ?? PEER,
    ];
    for (const origin of origins) assert.ok(origin !== undefined && parseClientAddress(origin) === origin);
    if (origins.some((origin) => origin !== PEER)) this.taken += 1;
    // What a client has begun never stands in for what a proxy adds.
    assert.equal(originOf(PEER, { 'x-forwarded-for': `${input}, ${CLIENT}, 10.0.0.2` }, isTrusted), CLIENT);
    assert.equal(originOf(PEER, { forwarded: `${input}, for=${CLIENT}, for=10.0.0.2` }, isTrusted), CLIENT);
    assert.equal(originOf(PEER, { forwarded: `${input}, for="${CLIENT}:1";host="a, b"` }, isTrusted), CLIENT);
  }
}

/** What HTTP proxies tell of those for whom they ask. */
export const FORWARDED: FuzzTarget = {
  name: 'forwarded',
  words: [
    'for=',
    'For=',
    'by=',
    'host=',
    'proto=https',
    '"',
    '\\"',
    '\\',
    ';',
    ', ',
    ',',
    ' ',
    '\t',
    '192.0.2.9',
    '10.0.0.3',
    '"[2001:db8::1]:80"',
    '::1',
    ':80',
    'unknown',
    '_x',
    '%eth0',
  ],
  open: () => new OpenForwarded(),
};
