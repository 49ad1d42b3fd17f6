import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { duplexPair } from 'node:stream';
import { doubtOf } from '../../../src/wire/http/doubtful-request.ts';
import { readRequestHead, type RequestHead } from '../../../src/wire/http/whole/request-head.ts';
import { WholeFields } from '../../../src/wire/http/whole/whole-fields.ts';
import { inTime } from '../fuzz-run.ts';
import type { FuzzTarget, OpenTarget } from '../fuzz-target.ts';

const OWN = ['auth-user', 'auth-pass', 'client-ip'];
const RULES = { fields: new WholeFields(OWN), takesGets: true };

interface Seen {
  readonly req: IncomingMessage;
  readonly body: string;
}

/** What our reader takes, Node's parser takes for the same one request; what Node refuses, or finds doubtful, ours does not take. */
class OpenRequestHeads implements OpenTarget {
  taken = 0;

  async check(input: string): Promise<void> {
    const head = readRequestHead(input, (target) => (target.startsWith('/') ? RULES : undefined));
    if (head === undefined) return;
    this.taken += 1;
    const body = 'b'.repeat(head.length);
    const seen = await inTime(seenByNode(`${input}\r\n${body}`));
    assert.ok(seen !== undefined, 'Node’s parser takes it for none');
    compare(head, seen, body);
  }
}

function compare(head: RequestHead, { req, body }: Seen, sent: string): void {
  assert.deepEqual([req.method, req.url, body], [head.method, head.target, sent]);
  assert.equal(doubtOf(req), undefined);
  assert.equal(req.headers['transfer-encoding'], undefined);
  for (const [name, value] of Object.entries(head.headers)) {
    if (value !== undefined) assert.equal(req.headers[name], value, name);
  }
  for (const name of ['host', 'content-length', 'authorization', ...OWN])
    assert.equal(head.headers[name], req.headers[name], name);
}

let answered: (seen: Seen | undefined) => void = () => {};
const server = createServer({ requireHostHeader: false, keepAliveTimeout: 0 });
for (const event of ['request', 'checkContinue']) server.on(event, collect);
for (const event of ['checkExpectation', 'clientError']) server.on(event, () => answered(undefined));

function collect(req: IncomingMessage): void {
  let body = '';
  req.setEncoding('latin1');
  req.on('data', (piece: string) => {
    body += piece;
  });
  req.on('end', () => answered({ req, body }));
}

function seenByNode(text: string): Promise<Seen | undefined> {
  const [ours, theirs] = duplexPair();
  return new Promise<Seen | undefined>((resolve) => {
    answered = resolve;
    server.emit('connection', theirs);
    ours.on('error', () => {});
    theirs.on('error', () => {});
    ours.resume();
    ours.write(Buffer.from(text, 'latin1'));
  }).finally(() => {
    ours.destroy();
    theirs.destroy();
  });
}

/** Header sections of requests, with Node's parser as the judge. */
export const REQUEST_HEADS: FuzzTarget = {
  name: 'request-head',
  words: [
    'POST ',
    'GET ',
    ' HTTP/1.1\r\n',
    ' HTTP/1.0\r\n',
    'Host: x\r\n',
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
    'Connection: keep-alive\r\n',
    'Expect: 100-continue\r\n',
    'Auth-User: x\r\n',
    'Upgrade: x\r\n',
    '\r\n',
    '\r\n ',
    ' :',
  ],
  open: () => new OpenRequestHeads(),
};
