import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { makeSelfSigned } from '../../src/cli/init/self-signed.ts';
import { RawClient } from './support/raw-client.ts';
import { login, request } from './support/requests.ts';
import { CALLER, PATH, type Service, startService } from './support/service.ts';

/** Whose login is hidden in another request. */
const HIDDEN = 'hidden@example.test';
const BODY = login({ username: 'seen@example.test' });
const INNER = request({ body: login({ username: HIDDEN }) }).toString('latin1');

/** A POST of these lines, each as it stands, with this behind its header section. */
function post(lines: readonly string[], rest: string, first = `POST ${PATH} HTTP/1.1`): string {
  return [
    first,
    'Host: localhost',
    `Authorization: ${CALLER}`,
    'Content-Type: application/json',
    ...lines,
    '',
    rest,
  ].join('\r\n');
}

const LENGTH = `Content-Length: ${BODY.length}`;
const CHUNKED = 'Transfer-Encoding: chunked';
/** A body in one chunk. */
const inChunks = (body: string, extension = '') => `${body.length.toString(16)}${extension}\r\n${body}\r\n0\r\n\r\n`;
/** What one reader takes for the end of a body, and another for its middle. */
const ENDS_EARLY = `0\r\n\r\n${INNER}`;

/** By what is wrong: the bytes that are sent. Each could hold two requests for somebody. */
const REFUSED: Readonly<Record<string, string>> = {
  'a length and chunks': post([LENGTH, CHUNKED], inChunks(BODY) + INNER),
  'chunks and a length': post([CHUNKED, `Content-Length: ${ENDS_EARLY.length}`], ENDS_EARLY),
  'a length of nothing and chunks': post(['Content-Length: 0', CHUNKED], ENDS_EARLY),
  'two lengths': post([LENGTH, `Content-Length: ${BODY.length + INNER.length}`], BODY + INNER),
  'the same length twice': post([LENGTH, LENGTH], BODY + INNER),
  'a list of lengths': post([`Content-Length: ${BODY.length}, ${BODY.length}`], BODY + INNER),
  'a length with a sign': post([`Content-Length: +${BODY.length}`], BODY + INNER),
  'a negative length': post([`Content-Length: -1`], BODY + INNER),
  'a length in hexadecimal': post([`Content-Length: 0x${BODY.length.toString(16)}`], BODY + INNER),
  'a length with a point': post([`Content-Length: ${BODY.length}.0`], BODY + INNER),
  'a length with a blank in it': post(['Content-Length: 1 0'], BODY + INNER),
  'an empty length': post(['Content-Length:'], BODY + INNER),
  'a length beyond all numbers': post([`Content-Length: ${'9'.repeat(40)}`], BODY + INNER),
  'a length that is beyond 64 bits by its own': post(['Content-Length: 18446744073709551617'], BODY + INNER),
  'another coding than chunked': post(['Transfer-Encoding: gzip, chunked'], inChunks(BODY) + INNER),
  'chunks within another coding': post(['Transfer-Encoding: chunked, identity'], inChunks(BODY) + INNER),
  'an unknown coding': post(['Transfer-Encoding: xchunked'], inChunks(BODY) + INNER),
  'chunked twice': post([CHUNKED, CHUNKED], inChunks(BODY) + INNER),
  'chunked twice in a list': post(['Transfer-Encoding: chunked, chunked'], inChunks(BODY) + INNER),
  'a coding in quotes': post(['Transfer-Encoding: "chunked"'], inChunks(BODY) + INNER),
  'a coding with a parameter': post(['Transfer-Encoding: chunked;q=1'], inChunks(BODY) + INNER),
  'a coding and a vertical tab': post(['Transfer-Encoding: \vchunked', LENGTH], BODY + INNER),
  'a coding and a NUL': post(['Transfer-Encoding: chunked\0', LENGTH], BODY + INNER),
  'a coding with a blank before the colon': post(['Transfer-Encoding : chunked', LENGTH], BODY + INNER),
  'a coding with a tab before the colon': post(['Transfer-Encoding\t: chunked', LENGTH], BODY + INNER),
  'a coding in a folded line': post(['Transfer-Encoding:\r\n chunked', LENGTH], BODY + INNER),
  'a coding behind a bare line feed': post([`X: y\n${CHUNKED}`, LENGTH], BODY + INNER),
  'a coding behind a bare carriage return': post([`X: y\r${CHUNKED}`, LENGTH], BODY + INNER),
  'an empty coding': post(['Transfer-Encoding:', LENGTH], BODY + INNER),
  'a folded line': post(['X: y', ' z', LENGTH], BODY + INNER),
  'a folded line behind a tab': post(['X: y', '\tz', LENGTH], BODY + INNER),
  'a folded line at once': post([' X: y', LENGTH], BODY + INNER),
  'a bare line feed as a line end': post([`X: y\nY: z`, LENGTH], BODY + INNER),
  'bare line feeds only': post([LENGTH], BODY).replaceAll('\r\n', '\n') + INNER,
  'a bare line feed behind the first line': post([LENGTH], BODY + INNER).replace('HTTP/1.1\r\n', 'HTTP/1.1\n'),
  'a header section that bare line feeds end': post([`${LENGTH}\n\nX: y`], BODY + INNER),
  'a carriage return in a value': post(['X: y\rz', LENGTH], BODY + INNER),
  'carriage returns before the line feed': post(['X: y\r', LENGTH], BODY + INNER),
  'a NUL in a value': post(['X: y\0z', LENGTH], BODY + INNER),
  'a NUL in a name': post(['X\0Y: z', LENGTH], BODY + INNER),
  'a blank in a name': post(['Content Length: 5', LENGTH], BODY + INNER),
  'a line without a colon': post(['Nonsense', LENGTH], BODY + INNER),
  'a line without a name': post([': value', LENGTH], BODY + INNER),
  'two hosts': post(['Host: other.test', LENGTH], BODY + INNER),
  'the same host twice': post(['Host: localhost', LENGTH], BODY + INNER),
  'no host': post([LENGTH], BODY + INNER).replace('Host: localhost\r\n', ''),
  'another host in the target': post([LENGTH], BODY + INNER, `POST http://other.test${PATH} HTTP/1.1`),
  'a user in the target': post([LENGTH], BODY + INNER, `POST http://x@localhost${PATH} HTTP/1.1`),
  'a target of another protocol': post([LENGTH], BODY + INNER, `POST ftp://localhost${PATH} HTTP/1.1`),
  'a blank in the target': post([LENGTH], BODY + INNER, `POST ${PATH} HTTP/1.1 HTTP/1.1`),
  'a tab behind the method': post([LENGTH], BODY + INNER, `POST\t${PATH} HTTP/1.1`),
  'a version to come': post([LENGTH], BODY + INNER, `POST ${PATH} HTTP/1.2`),
  'the version of a preface': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${INNER}`,
  'an old version with chunks': post([CHUNKED], inChunks(BODY) + INNER, `POST ${PATH} HTTP/1.0`),
  'an unknown method': post([LENGTH], BODY + INNER, `P0ST ${PATH} HTTP/1.1`),
  'a chunk that is shorter than its data': post([CHUNKED], `1\r\n${BODY}\r\n0\r\n\r\n${INNER}`),
  'a chunk of a negative size': post([CHUNKED], `-1\r\n${BODY}\r\n0\r\n\r\n${INNER}`),
  'a chunk size with a prefix': post([CHUNKED], `0x${inChunks(BODY)}${INNER}`),
  'a chunk size beyond all numbers': post([CHUNKED], `${'f'.repeat(20)}\r\n${BODY}\r\n0\r\n\r\n${INNER}`),
  'a chunk size and a bare line feed': post([CHUNKED], `${BODY.length.toString(16)}\n${BODY}\r\n0\r\n\r\n${INNER}`),
  'a chunk and a bare line feed': post([CHUNKED], `${BODY.length.toString(16)}\r\n${BODY}\n0\r\n\r\n${INNER}`),
  'a chunk extension behind a bare line feed': post([CHUNKED], inChunks(BODY, ';\nx') + INNER),
  'a chunk extension with a carriage return': post([CHUNKED], inChunks(BODY, ';a\rb') + INNER),
  'a chunk extension with a NUL': post([CHUNKED], inChunks(BODY, ';a=\0') + INNER),
  'chunks that bare line feeds end': post([CHUNKED], `${BODY.length.toString(16)}\r\n${BODY}\r\n0\n\n${INNER}`),
  'a trailer with a bare line feed': post([CHUNKED], inChunks(BODY).replace(/\r\n$/, `X: y\nZ: z\r\n\r\n`) + INNER),
  garbage: `\0\x01\x02garbage\r\n\r\n${INNER}`,
  'the end of a body that was never begun': `}\r\n\r\n${INNER}`,
};

/** One request with nothing hidden in it, however it looks. */
const TAKEN_AS_ONE: Readonly<Record<string, string>> = {
  'with a chunk extension': post([CHUNKED, 'Connection: close'], inChunks(BODY, ';name=value')),
  'with a trailer': post([CHUNKED, 'Connection: close'], inChunks(BODY).replace(/\r\n$/, 'X: y\r\n\r\n')),
  'with a coding in other letters': post(['Transfer-Encoding: Chunked', 'Connection: close'], inChunks(BODY)),
  'with its own host in the target': post([LENGTH, 'Connection: close'], BODY, `POST http://localhost${PATH} HTTP/1.1`),
};

for (const kind of ['HTTP', 'HTTPS'] as const) {
  describe(`a request over ${kind}`, () => {
    let service: Service;
    before(async () => {
      const pair = kind === 'HTTPS' ? await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date()) : undefined;
      const tls = pair && { certificate: Buffer.from(pair.certificate), key: Buffer.from(pair.key) };
      service = await startService(tls === undefined ? {} : { tls });
    });
    after(() => service[Symbol.asyncDispose]());
    beforeEach(() => {
      service.backend.asked.length = 0;
    });

    /** All that the service says to these bytes until it closes the connection. */
    async function answersTo(bytes: string): Promise<string[]> {
      using client = await RawClient.open(service.port, kind === 'HTTPS' ? { rejectUnauthorized: false } : undefined);
      const said = await client.write(Buffer.from(bytes, 'latin1')).closed();
      return said.split(/(?=HTTP\/1\.1 \d{3} )/).map((answer) => answer.slice(9, 12));
    }

    for (const [fault, bytes] of Object.entries(REFUSED))
      it(`with ${fault} is refused, and no other is seen behind it`, async () => {
        const before = service.lines.length;
        const statuses = await answersTo(bytes);

        assert.deepEqual(statuses, ['400']);
        assert.deepEqual(service.backend.asked, []);
        assert.deepEqual(
          service.lines.slice(before).filter((line) => line['login_name'] === HIDDEN || line['outcome'] !== undefined),
          [],
        );
      });

    for (const [form, bytes] of Object.entries(TAKEN_AS_ONE))
      it(`${form} is one`, async () => {
        const statuses = await answersTo(bytes);

        assert.deepEqual(statuses, ['403']);
        assert.equal(service.backend.asked.length, 1);
      });

    it('that is well-formed is answered, and what is none behind it is refused', async () => {
      const statuses = await answersTo(`${post([LENGTH], BODY)}\0garbage\r\n\r\n${INNER}`);

      assert.deepEqual(statuses, ['403', '400']);
      assert.equal(service.backend.asked.length, 1);
    });

    it('that is shorter than its length waits for the rest, and takes what comes for it', async () => {
      const hiding = post([`Content-Length: ${BODY.length + INNER.length}`, 'Connection: close'], BODY + INNER);

      assert.deepEqual(await answersTo(hiding), ['400']);
      assert.deepEqual(service.backend.asked, []);
    });
  });
}
