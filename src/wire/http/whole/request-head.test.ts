import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { duplexPair } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readRequestHead as readHead } from './request-head.ts';
import { WholeFields } from './whole-fields.ts';

const RULES = { fields: new WholeFields([]), takesGets: false };
const readRequestHead = (text: string) => readHead(text, () => RULES);
/** What the doors that read headers take. */
const OWN_NAMES = ['auth-user', 'auth-pass', 'client-ip', 'x-forwarded-for', 'user-agent', '__proto__', 'te'];
const BY_HEADERS = { fields: new WholeFields(OWN_NAMES), takesGets: true };

const LINES = [
  'POST /api/v1/auth/json?mode=no-auth HTTP/1.1',
  'Host: mx.example.test',
  'User-Agent: Dovecot/2.3',
  'Authorization: Basic bXg6c2VjcmV0',
  'Content-Type: application/json',
  'X-Dovecot-Session: aBcD/+=',
  'Content-Length: 7',
] as const;

/** As the mail proxy of nginx asks, and programs that keep their connection. */
const BY_NGINX = [
  'GET /api/v1/auth/nginx HTTP/1.0',
  'Host: 127.0.0.1',
  'Auth-Method: plain',
  'Auth-User: alice%40example.test',
  'Auth-Pass: alice-pw',
  'Client-IP: 192.0.2.7',
  'Authorization: Basic bXg6c2VjcmV0',
] as const;
const SECTIONS = [
  LINES,
  ['POST / HTTP/1.0', ...LINES.slice(1)],
  [...LINES, 'Connection: close'],
  BY_NGINX,
  ['GET / HTTP/1.1', ...BY_NGINX.slice(1), 'Connection: keep-alive'],
  ['GET / HTTP/1.1', ...BY_NGINX.slice(1), 'Connection: close', 'X-Forwarded-For: ::1'],
] as const;

function sectionOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join('');
}

interface Read {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The connection ends with the answer. */
  readonly isLast: boolean;
}

/** What Node's own parser takes a request for; `undefined` where it takes it for none, or for more than one. */
async function readByNode(text: string): Promise<Read | undefined> {
  const { promise, resolve } = Promise.withResolvers<Read | undefined>();
  const read: Read[] = [];
  const server = createServer((req, res) => {
    let body = '';
    req.setEncoding('latin1');
    req.on('data', (chunk: string) => (body += chunk));
    req.on('end', () => {
      read.push({ method: req.method, url: req.url, headers: req.headers, body, isLast: !res.shouldKeepAlive });
      res.end();
    });
  });
  server.on('checkContinue', (req, res) => server.emit('request', req, res));
  server.on('clientError', () => resolve(undefined));
  const [client, peer] = duplexPair();
  server.emit('connection', peer);
  client.resume();
  client.write(text, 'latin1', () =>
    setImmediate(() => setImmediate(() => resolve(read.length === 1 ? read[0] : undefined))),
  );
  try {
    return await promise;
  } finally {
    client.destroy();
    peer.destroy();
  }
}

describe('the header section of a whole request', () => {
  it('is read as mail servers send it', () => {
    const head = readRequestHead(
      sectionOf([...LINES, 'Connection: Keep-Alive', 'Expect: 100-Continue', 'X-Other: \x80']),
    );

    assert.deepEqual(
      [head?.target, head?.length, head?.isWaiting, head?.headers.authorization, head?.headers['x-dovecot-session']],
      ['/api/v1/auth/json?mode=no-auth', 7, true, 'Basic bXg6c2VjcmV0', 'aBcD/+='],
    );
  });

  for (const [what, lines] of [
    ['another method', ['GET / HTTP/1.1', ...LINES.slice(1)]],
    ['an older version that is to stay', ['POST / HTTP/1.0', ...LINES.slice(1), 'Connection: keep-alive']],
    ['an older version that waits', ['POST / HTTP/1.0', ...LINES.slice(1), 'Expect: 100-continue']],
    ['a newer version', ['POST / HTTP/1.2', ...LINES.slice(1)]],
    ['no host', LINES.filter((line) => !line.startsWith('Host'))],
    ['two hosts', [...LINES, 'host: other.example.test']],
    ['no length', LINES.slice(0, -1)],
    ['two lengths', [...LINES, 'Content-Length: 7']],
    ['a length with a sign', [...LINES.slice(0, -1), 'Content-Length: +7']],
    ['a list of lengths', [...LINES.slice(0, -1), 'Content-Length: 7, 7']],
    ['a length beyond the bound', [...LINES.slice(0, -1), 'Content-Length: 65537']],
    ['a transfer coding', [...LINES, 'Transfer-Encoding: chunked']],
    ['a transfer coding in other letters', [...LINES, 'tRANSFER-eNCODING: identity']],
    ['a coding of the content', [...LINES, 'Content-Encoding: gzip']],
    ['several wishes', [...LINES, 'Connection: close, keep-alive']],
    ['an upgrade', [...LINES, 'Connection: upgrade', 'Upgrade: h2c']],
    ['another expectation', [...LINES, 'Expect: something']],
    ['a folded line', [...LINES, 'X-Other: a', ' folded']],
    ['a space before the colon', [...LINES.slice(0, -1), 'Content-Length : 7']],
    ['an empty name', [...LINES, ': x']],
    ['a line without a colon', [...LINES, 'nothing']],
    ['a bare line feed', [...LINES, 'X-Other: a\nContent-Length: 0']],
    ['a bare carriage return', [...LINES, 'X-Other: a\rContent-Length: 0']],
    ['a NUL', [...LINES, 'X-Other: \0']],
    ['a space in the target', ['POST /a b HTTP/1.1', ...LINES.slice(1)]],
    ['no target', ['POST  HTTP/1.1', ...LINES.slice(1)]],
  ] as const) {
    it(`with ${what} is left to the full parser`, () => {
      const head = readRequestHead(sectionOf(lines));
      // A target with a space is none that a door has.
      assert.ok(head === undefined || head.target === '/a b');
    });
  }

  it('may be a GET where its door takes one, with what the door looks at, once', () => {
    const head = readHead(sectionOf(BY_NGINX), () => BY_HEADERS);
    assert.deepEqual([head?.method, head?.length, head?.isLast], ['GET', 0, true]);
    assert.deepEqual(
      { ...head?.headers },
      {
        host: '127.0.0.1',
        'auth-user': 'alice%40example.test',
        'auth-pass': 'alice-pw',
        'client-ip': '192.0.2.7',
        authorization: 'Basic bXg6c2VjcmV0',
      },
    );
    for (const more of [
      'Auth-User: bob',
      'Content-Length: 0',
      'Expect: 100-continue',
      'Transfer-Encoding: chunked',
      'TE: x',
    ])
      assert.equal(
        readHead(sectionOf([...BY_NGINX, more]), () => BY_HEADERS),
        undefined,
        more,
      );
    assert.equal(readRequestHead(sectionOf(BY_NGINX)), undefined);
    const odd = readHead(
      sectionOf([...BY_NGINX, '__proto__: x', 'X-Forwarded-For: a', 'x-forwarded-for: b']),
      () => BY_HEADERS,
    );
    assert.equal(odd?.headers['__proto__'], 'x');
    assert.equal(odd?.headers['x-forwarded-for'], 'a, b');
    assert.equal(odd?.along?.['x-forwarded-for'], 'a, b');
  });

  it('is read as Node reads it, or not at all, whatever is changed in it', async () => {
    let taken = 0;
    const pieces = [
      '\r\n',
      '\n',
      '\r',
      ' ',
      '\t',
      ':',
      ',',
      '0',
      '7',
      'Content-Length: 7\r\n',
      'Host: x\r\n',
      'Connection: close\r\n',
      'Auth-User: x\r\n',
      '\0',
      '\x7f',
      '\x80',
      'é',
      'chunked',
      ';',
    ];
    const change = fc.record({
      at: fc.nat(260),
      drop: fc.nat(3),
      put: fc.oneof(fc.constantFrom(...pieces, ''), fc.string({ maxLength: 3 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...SECTIONS), fc.array(change, { maxLength: 3 }), async (lines, changes) => {
        let text = sectionOf(lines);
        for (const { at, drop, put } of changes) text = text.slice(0, at) + put + text.slice(at + drop);
        text = Buffer.from(text, 'latin1').toString('latin1');
        if (text.includes('\r\n\r\n') || !text.endsWith('\r\n')) return;
        const head = readHead(text, () => BY_HEADERS);
        // Doors have no other targets.
        if (head === undefined || !/^\/[\x21-\x7e]*$/.test(head.target)) return;
        taken += 1;
        const body = 'b'.repeat(head.length);
        const byNode = await readByNode(`${text}\r\n${body}`);
        assert.ok(byNode !== undefined, 'Node refuses it');
        const { method, url, isLast } = byNode;
        assert.deepEqual([method, url, byNode.body, isLast], [head.method, head.target, body, head.isLast]);
        for (const name of [
          'host',
          'authorization',
          'content-type',
          'user-agent',
          'x-dovecot-session',
          'content-length',
          ...OWN_NAMES.filter((own) => own !== 'te' && own !== '__proto__'),
        ])
          assert.equal(head.headers[name] ?? undefined, byNode.headers[name], name);
      }),
      { numRuns: 2000 },
    );
    assert.ok(taken > 100, `${taken} were taken`);
  });
});
