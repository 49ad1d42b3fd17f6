import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anAccount } from '../../../../test/support/accounts.ts';
import type { DeferCause, RefusalReason, Verdict } from '../../../login/verdict.ts';
import type { Answer } from '../exchange.ts';
import { listOf } from '../prepared-headers.ts';
import { JsonRenderer } from './response.ts';

interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function send(verdict: Verdict, renderer = new JsonRenderer(4096)): Sent {
  let sent: Answer | undefined;
  renderer.send({ session: 'SESSION', send: (answer) => (sent = answer) }, verdict);
  assert.ok(sent !== undefined);
  const { status } = sent;
  const bytes = Buffer.from(sent.body, sent.encoding);
  const flat = [...sent.headers, ...(sent.prepared === undefined ? [] : listOf(sent.prepared))];
  const headers = Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]));
  assert.equal(headers['Content-Length'], String(bytes.length));
  assert.equal(headers['X-Nauthilus-Session'], 'SESSION');
  return { status, headers, body: bytes.toString('utf8') };
}

describe('the answer to a verdict', () => {
  it('that accepts has attributes as an object of arrays, whatever they are called', () => {
    const attributes = { ok: ['1'], 'quote"\\': ['a"b', ''], '€': ['\u0000\u2028'], none: [] };
    const { status, body } = send({ kind: 'accept', account: anAccount({ attributes }) });

    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body).attributes, attributes);
    assert.equal(body.includes('null'), false);
  });

  it('is made once for an account that is handed out again', () => {
    const renderer = new JsonRenderer(4096);
    let reads = 0;
    const account = anAccount();
    const watched = {
      ...account,
      get attributes() {
        reads += 1;
        return {};
      },
    };
    send({ kind: 'accept', account: watched }, renderer);
    const before = reads;
    send({ kind: 'accept', account: watched }, renderer);

    assert.equal(reads, before);
  });

  it('has no headers of attributes where the limit is 0', () => {
    const { headers } = send({ kind: 'accept', account: anAccount({ attributes: { a: ['b'] } }) }, new JsonRenderer(0));

    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith('X-Nauthilus-')),
      ['X-Nauthilus-Session', 'X-Nauthilus-Memory-Cache'],
    );
  });

  it('that refuses is 403, and tells of nothing but a disabled account', () => {
    const reasons: readonly RefusalReason[] = [
      'wrong-password',
      'unknown-user',
      'invalid-name',
      'empty-password',
      'unusable-password',
    ];
    const answers = reasons.map((reason) => send({ kind: 'refuse', reason, backend: 'ldap1' }));

    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.equal(answers[0]?.status, 403);
    assert.equal(answers[0].headers['Auth-Status'], 'Invalid login or password');
    assert.equal(send({ kind: 'refuse', reason: 'account-disabled' }).headers['Auth-Status'], 'Account not enabled');
  });

  it('that defers is 500 and tells nothing of the cause', () => {
    const causes: readonly DeferCause[] = [
      'backend-unavailable',
      'backend-overloaded',
      'deadline-exceeded',
      'internal-error',
    ];
    for (const cause of causes) {
      const { status, headers, body } = send({
        kind: 'defer',
        cause,
        detail: 'bind to ldap1 failed',
        backend: 'ldap1',
      });

      assert.equal(status, 500);
      assert.equal(headers['Auth-Status'], 'Temporary server problem, try again later');
      assert.deepEqual(JSON.parse(body), { ok: false, error: 'Temporary server problem, try again later' });
    }
  });

  it('counts the bytes of the attributes as a mail server has to take them', () => {
    const account = anAccount({ attributes: { ab: ['c', 'ü'], d: [] } });

    assert.equal(new JsonRenderer(0).attributeBytes(account), 2 + 1 + 2 + 2 + 2 + 2);
  });
});
