import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { entryOf, resultOf, responseControl, serverMessage } from '../../../../../test/ldap-client/server-messages.ts';
import { BerError } from '../ber/ber-error.ts';
import { BerReader } from '../ber/ber-reader.ts';
import { TAG } from '../ber/ber-tags.ts';
import { encodeElement, encodeText } from '../ber/ber-writer.ts';
import { encodePageControl, PASSWORD_POLICY_CONTROL } from './controls.ts';
import { parseFilter } from '../filter/filter.ts';
import { MessageSplitter } from './message-splitter.ts';
import {
  encodeAbandon,
  encodeExternalBind,
  encodeSearch,
  encodeSimpleBind,
  encodeStartTls,
  encodeUnbind,
  prepareSearch,
} from './request.ts';
import { type LdapResponse, readResponse } from './response.ts';

const hex = (bytes: Buffer): string => bytes.toString('hex');
const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(/[^0-9a-f]/g, ''), 'hex');
const read = (message: Buffer): LdapResponse => readResponse(message, 0, message.length);

const POLICY = '1.3.6.1.4.1.42.2.27.8.5.1';
const SAMPLES: readonly Buffer[] = [
  serverMessage(
    7,
    entryOf('uid=a,dc=test', { uid: ['a'], mail: ['a@test', 'b@test'], jpegPhoto: [Buffer.of(0, 255, 1)] }),
  ),
  serverMessage(
    7,
    resultOf(TAG.searchDone, 0),
    encodeElement(TAG.controls, responseControl('1.2.840.113556.1.4.319', bytes('3008 020100 0403 616263'))),
  ),
  serverMessage(
    8,
    resultOf(TAG.bindResponse, 49),
    encodeElement(TAG.controls, responseControl(POLICY, bytes('3003 810101'))),
  ),
  serverMessage(9, encodeElement(TAG.searchReference, encodeText('ldap://elsewhere.test/dc=test'))),
  serverMessage(0, resultOf(TAG.extendedResponse, 52, encodeText('1.3.6.1.4.1.1466.20036', 0x8a))),
  serverMessage(3, encodeElement(TAG.intermediateResponse)),
];

describe('a request', () => {
  it('has the bytes that RFC 4511 asks for', () => {
    assert.equal(hex(encodeSimpleBind(1, 'cn=a', Buffer.from('pw'))), '3012020101600d0201030404636e3d6180027077');
    assert.equal(hex(encodeExternalBind(1)), '301802010160130201030400 a30c040845585445524e414c0400'.replace(' ', ''));
    assert.equal(hex(encodeUnbind(128)), '300602020080 4200'.replace(' ', ''));
    assert.equal(hex(encodeAbandon(5, 300)), '30070201055002012c');
    assert.equal(hex(encodeStartTls(1)), `301d02010177188016${hex(Buffer.from('1.3.6.1.4.1.1466.20037'))}`);
    const search = prepareSearch({
      baseDn: 'o=x',
      scope: 'subtree',
      attributes: ['uid'],
      sizeLimit: 2,
      timeLimitSeconds: 3,
    });
    assert.equal(
      hex(encodeSearch(2, search, parseFilter('(uid=a)'))),
      '302a02010263 25 04036f3d78 0a0102 0a0100 020102 020103 010100 a308 0403756964 040161 3005 0403756964'.replaceAll(
        ' ',
        '',
      ),
    );
  });

  it('carries one control after the operation', () => {
    const bind = encodeSimpleBind(1, 'cn=a', Buffer.from('pw'), PASSWORD_POLICY_CONTROL);
    assert.ok(hex(bind).endsWith(`a01d301b0419${hex(Buffer.from(POLICY))}`));
    const page = encodePageControl(500, Buffer.from('ck'));
    assert.ok(hex(page).endsWith('0101ff040a 3008 020201f4 0402 636b'.replaceAll(' ', '')));
  });

  it('is well-formed at every size', () => {
    for (const length of [0, 100, 127, 128, 255, 256, 65_535, 65_536, 70_000]) {
      const sent = encodeSimpleBind(70_000, 'x'.repeat(length), Buffer.alloc(length, 1), PASSWORD_POLICY_CONTROL);
      const reader = new BerReader(sent);
      reader.enter(TAG.sequence);
      assert.equal(reader.end, sent.length);
      assert.equal(reader.readInteger(), 70_000);
      const end = reader.enter(TAG.bindRequest);
      assert.equal(reader.readInteger(), 3);
      assert.equal(reader.readText().length, length);
      assert.equal(reader.readBytes(0x80).length, length);
      assert.ok(reader.isAtEnd);
      reader.leave(end);
      reader.skipContent(TAG.controls);
      assert.ok(reader.isAtEnd);
    }
  });
});

describe('a response', () => {
  it('gives an entry whose attributes are found in any case', () => {
    const response = read(SAMPLES[0] as Buffer);
    assert.ok(response.kind === 'entry' && response.id === 7);
    assert.equal(response.entry.dn, 'uid=a,dc=test');
    assert.equal(response.entry.text('MAIL'), 'a@test');
    assert.deepEqual(response.entry.values('jpegphoto'), [Buffer.of(0, 255, 1)]);
    assert.deepEqual(response.entry.values('cn'), []);
    assert.equal(response.entry.text('cn'), undefined);
    assert.deepEqual(
      response.entry.attributes().map(({ name, values }) => [name, values.length]),
      [
        ['uid', 1],
        ['mail', 2],
        ['jpegPhoto', 1],
      ],
    );
  });

  it('gives results with the page cookie, references, notices and password policy state', () => {
    const [, done, bind, reference, notice, intermediate] = SAMPLES.map(read);
    assert.ok(done?.kind === 'result' && done.operation === 'search');
    assert.equal(done.result.controls.page?.cookie.toString(), 'abc');
    assert.ok(bind?.kind === 'result' && bind.operation === 'bind');
    assert.deepEqual(
      { ...bind.result, controls: bind.result.controls.passwordPolicy },
      { resultCode: 49, matchedDn: 'dc=test', diagnostic: 'because', controls: { error: 'account-locked' } },
    );
    assert.deepEqual(reference, { kind: 'reference', id: 9, uris: ['ldap://elsewhere.test/dc=test'] });
    assert.ok(notice?.kind === 'disconnection' && notice.result.resultCode === 52);
    assert.deepEqual(intermediate, { kind: 'ignored', id: 3 });
  });

  for (const [value, state] of [
    ['3000', {}],
    ['3005 a003 800164', { secondsBeforeExpiration: 100 }],
    ['3005 a003 810102', { graceLoginsRemaining: 2 }],
    ['3008 a003 810100 810100', { graceLoginsRemaining: 0, error: 'password-expired' }],
    ['3003 810102', { error: 'change-after-reset' }],
    ['3003 810108', { error: 'password-in-history' }],
    ['3003 810163', { error: 'unknown' }],
  ] as const) {
    it(`tells password policy state ${JSON.stringify(state)}`, () => {
      const response = read(
        serverMessage(
          1,
          resultOf(TAG.bindResponse, 0),
          encodeElement(TAG.controls, responseControl(POLICY, bytes(value))),
        ),
      );
      assert.ok(response.kind === 'result');
      assert.deepEqual(response.result.controls.passwordPolicy, state);
    });
  }

  it('may use lengths longer than needed, referrals and fields of later versions', () => {
    const referral = encodeElement(0xa3, encodeText('ldap://b.test'));
    const sasl = encodeText('x', 0x87);
    assert.equal(read(serverMessage(1, resultOf(TAG.bindResponse, 10, referral, sasl))).kind, 'result');
    const wide = read(bytes('30 84 00000010 0201 01 65 84 00000007 0a0100 0400 0400'));
    assert.ok(wide.kind === 'result' && wide.result.resultCode === 0);
  });

  for (const [what, text] of [
    ['an element longer than what holds it', '300c 020101 650f 0a0100 0400 0400'],
    ['an indefinite length', '3080 020101 6507 0a0100 0400 0400 0000'],
    ['a length of five octets', '300c 020101 6585 00000000 07 0a0100 0400 0400'],
    ['a message id of five octets', '3010 0205 0000000001 6507 0a0100 0400 0400'],
    ['an unknown operation', '3005 020101 6f00'],
    ['no operation', '3003 020101'],
    ['a request', '3005 020101 4200'],
  ] as const) {
    it(`is refused with ${what}`, () => {
      assert.throws(() => read(bytes(text)), BerError);
    });
  }

  it('is refused with more values than an entry may have', () => {
    const values = Buffer.alloc(1_200_000);
    for (let at = 0; at < values.length; at += 2) values[at] = TAG.octetString;
    const list = encodeElement(
      TAG.sequence,
      encodeElement(TAG.sequence, encodeText('m'), encodeElement(TAG.set, values)),
    );
    assert.throws(() => read(serverMessage(1, encodeElement(TAG.searchEntry, encodeText(''), list))), BerError);
  });

  it('never throws anything but BerError, and an entry that was taken can be read whole', () => {
    const anyBytes = fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value));
    const mutated = fc
      .tuple(
        fc.constantFrom(...SAMPLES),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(40),
      )
      .map(([sample, changes, cut]) => {
        const copy = Buffer.from(sample);
        for (const [at, byte] of changes) copy[at % copy.length] = byte;
        return copy.subarray(0, copy.length - (cut > 30 ? cut % 8 : 0));
      });
    const framed = anyBytes.map((content) => serverMessage(1, content));
    fc.assert(
      fc.property(fc.oneof(anyBytes, mutated, framed), (input) => {
        try {
          const response = read(input);
          if (response.kind !== 'entry') return;
          assert.equal(typeof response.entry.dn, 'string');
          for (const { name } of response.entry.attributes()) response.entry.text(name);
        } catch (error) {
          assert.ok(error instanceof BerError, String(error));
        }
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('a stream of messages', () => {
  it('is cut at the same places however it arrives', () => {
    const big = serverMessage(5, entryOf('cn=big', { data: ['x'.repeat(20_000)] }));
    const stream = Buffer.concat([...SAMPLES, big, ...SAMPLES]);
    const whole = [...SAMPLES, big, ...SAMPLES].map(hex);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const splitter = new MessageSplitter(30_000);
        const found: string[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = sizes[turn % sizes.length] as number;
          splitter.push(
            stream.subarray(at, at + size),
            (source, start, end) => found.push(hex(source.subarray(start, end))) > 0,
          );
          at += size;
        }
        assert.deepEqual(found, whole);
        assert.equal(splitter.pendingBytes, 0);
      }),
      { examples: [[[1]], [[7]]] },
    );
  });

  it('keeps no more memory than has come in, whatever length is promised', () => {
    const splitter = new MessageSplitter(16 << 20);
    const before = process.memoryUsage().arrayBuffers;
    splitter.push(bytes('3084 00fffff0 00'), () => true);
    for (let count = 0; count < 10_000; count++) splitter.push(Buffer.of(1), () => true);
    assert.equal(splitter.pendingBytes, 10_007);
    assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
  });

  it('is refused with a message beyond the limit or anything that is no message', () => {
    const nothing = () => assert.fail('no message is whole');
    assert.throws(() => new MessageSplitter(1000).push(bytes('3084 7fffffff'), nothing), { code: 'too-large' });
    assert.throws(() => new MessageSplitter(1000).push(Buffer.from('HTTP/1.1 400'), nothing), {
      code: 'unexpected-tag',
    });
    assert.throws(() => new MessageSplitter(1000).push(bytes('3080'), nothing), { code: 'bad-length' });
    const byteByByte = new MessageSplitter(1000);
    byteByByte.push(bytes('30'), nothing);
    byteByByte.push(bytes('84'), nothing);
    assert.throws(() => byteByByte.push(bytes('7fffffff'), nothing), { code: 'too-large' });
  });

  it('ends where the listener says so', () => {
    let count = 0;
    new MessageSplitter(1000).push(Buffer.concat([...SAMPLES]), () => ++count < 2);
    assert.equal(count, 2);
  });
});
