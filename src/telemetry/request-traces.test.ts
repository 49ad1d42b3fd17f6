import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RequestTraces, readTrace } from './request-traces.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('traceparent', () => {
  const cases: readonly (readonly [text: string, traceId: string | undefined])[] = [
    [`00-${TRACE}-${PARENT}-01`, TRACE],
    [`00-${TRACE}-${PARENT}-00`, TRACE],
    [`01-${TRACE}-${PARENT}-01`, TRACE],
    [`cc-${TRACE}-${PARENT}-01-what-comes-later`, TRACE],
    [`00-${TRACE}-${PARENT}-01-more`, undefined],
    [`cc-${TRACE}-${PARENT}-01.more`, undefined],
    [`ff-${TRACE}-${PARENT}-01`, undefined],
    [`00-${'0'.repeat(32)}-${PARENT}-01`, undefined],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
    [`00-${TRACE.toUpperCase()}-${PARENT}-01`, undefined],
    [`00-${TRACE.slice(1)}-${PARENT}-01`, undefined],
    [`00-${TRACE}-${PARENT}`, undefined],
    [`00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`, undefined],
    ['', undefined],
    [`cc-${TRACE}-${PARENT}-01-${'x'.repeat(300)}`, undefined],
  ];
  for (const [text, traceId] of cases)
    it(`${JSON.stringify(text.slice(0, 70))} ${traceId === undefined ? 'is left alone' : 'names a trace'}`, () =>
      assert.equal(readTrace({ traceparent: text })?.traceId, traceId));
});

describe('X-Request-Id', () => {
  it('is bounded, and has nothing in it that lines of a log could not hold', () => {
    assert.equal(readTrace({ 'x-request-id': 'a1b2-c3' })?.requestId, 'a1b2-c3');
    assert.equal(readTrace({ 'x-request-id': 'a b\u001b[31m\u00e9' })?.requestId, 'a_b_[31m_');
    assert.equal(readTrace({ 'x-request-id': 'x'.repeat(5000) })?.requestId?.length, 128);
    assert.equal(readTrace({ 'x-request-id': '' }), undefined);
  });
});

describe('traces of requests under way', () => {
  it('are there until the request is over', () => {
    const traces = new RequestTraces();
    traces.begin('S1', { 'x-request-id': 'one' });
    traces.begin('S2', { traceparent: 'nonsense' });
    assert.deepEqual(traces.fieldsOf('S1'), { request_id: 'one' });
    assert.deepEqual(traces.fieldsOf('S2'), {});
    traces.end('S1');
    assert.deepEqual(traces.fieldsOf('S1'), {});
  });

  it('are bounded: of too many the oldest is forgotten', () => {
    const traces = new RequestTraces();
    for (let i = 0; i <= 4096; i += 1) traces.begin(`S${i}`, { 'x-request-id': String(i) });
    assert.equal(traces.of('S0'), undefined);
    assert.deepEqual(traces.of('S1'), { traceId: undefined, requestId: '1' });
  });
});
