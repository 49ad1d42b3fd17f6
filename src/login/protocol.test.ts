import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_PROTOCOL, parseProtocol, protocolLabel } from './protocol.ts';

describe('a protocol', () => {
  it('is read in any case, and is the default where none is named', () => {
    assert.equal(parseProtocol('imap'), 'imap');
    assert.equal(parseProtocol('IMAP'), 'imap');
    assert.equal(parseProtocol('x-my_proto.2'), 'x-my_proto.2');
    assert.equal(parseProtocol(''), DEFAULT_PROTOCOL);
  });

  it('is a short plain word', () => {
    for (const text of ['-imap', '.x', 'im ap', 'imap\n', 'imäp', 'a"b', 'x'.repeat(33), 'a/b', '\0']) {
      assert.equal(parseProtocol(text), undefined, JSON.stringify(text));
    }
    assert.equal(parseProtocol('x'.repeat(32)), 'x'.repeat(32));
  });

  it('has one of few labels, whatever callers invent', () => {
    const labels = new Set<string>();
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('abcxyz019.-_')), maxLength: 8 }), (text) => {
        const protocol = parseProtocol(text);
        if (protocol !== undefined) labels.add(protocolLabel(protocol));
      }),
    );

    assert.equal(protocolLabel(parseProtocol('submission') ?? DEFAULT_PROTOCOL), 'submission');
    assert.deepEqual([...labels].toSorted(), ['default', 'other']);
  });
});
