import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerInProcess, type ControlRequest } from './control-relay.ts';

const ASKED: ControlRequest = {
  method: 'DELETE',
  url: '/api/v1/cache/flush?all=1',
  contentType: 'application/json',
  body: Buffer.from('{"user":"äöü"}'),
};

describe('a request that comes as data', () => {
  it('is answered like one that comes over a connection', async () => {
    const ask = answerInProcess((req, res) => {
      let body = '';
      req.on('data', (piece: Buffer) => (body += piece.toString()));
      req.on('end', () => {
        res.writeHead(207, { 'Content-Type': 'text/x' });
        res.end(JSON.stringify([req.method, req.url, req.headers['content-type'], body]));
      });
    });
    const { status, contentType, body } = await ask(ASKED, AbortSignal.timeout(2000));

    assert.equal(status, 207);
    assert.equal(contentType, 'text/x');
    assert.deepEqual(JSON.parse(Buffer.from(body).toString('utf8')), [
      'DELETE',
      '/api/v1/cache/flush?all=1',
      'application/json',
      '{"user":"äöü"}',
    ]);
  });

  it('takes an answer of megabytes, and several at a time', async () => {
    const ask = answerInProcess((_, res) => res.end(Buffer.alloc(3_000_000, 7)));
    const answers = await Promise.all([1, 2, 3].map(() => ask(ASKED, AbortSignal.timeout(5000))));

    for (const { body } of answers) assert.ok(Buffer.from(body).equals(Buffer.alloc(3_000_000, 7)));
  });

  it('fails at its deadline where nobody answers, and where the answer is too large', async () => {
    const silent = answerInProcess(() => {});
    await assert.rejects(silent(ASKED, AbortSignal.timeout(50)));

    const endless = answerInProcess((_, res) => res.end(Buffer.alloc(17 * 1024 * 1024)));
    await assert.rejects(endless(ASKED, AbortSignal.timeout(5000)), /16 MiB/);
  });
});
