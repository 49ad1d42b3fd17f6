import assert from 'node:assert/strict';
import { Check, Errors } from 'typebox/schema';
import type { Answer } from '../support/raw-client.ts';
import { asObject, type Json, resolved } from './document-check.ts';

/** Headers of HTTP itself, and of every answer. */
const OF_ALL = new Set([
  'date',
  'connection',
  'keep-alive',
  'content-type',
  'content-length',
  'transfer-encoding',
  'cache-control',
]);
/** Attributes of accounts as headers. */
const OF_ACCOUNTS = /^x-nauthilus-(?!session$|memory-cache$)/;

/** @throws {assert.AssertionError} where an answer is not what the document says of the operation */
export function checkAnswer(document: Json, operation: Json, answer: Answer, method: string): void {
  const responses = asObject(operation['responses'], 'responses');
  const described = responses[String(answer.status)] ?? responses['default'];
  assert.ok(described !== undefined, `status ${answer.status} is not described`);
  const response = resolved(document, described);
  checkHeaders(document, response, answer);
  if (method === 'HEAD') assert.equal(answer.body, '');
  else checkBody(document, asObject(response['content'] ?? {}, 'content'), answer);
}

function checkHeaders(document: Json, response: Json, { headers, status }: Answer): void {
  const described = new Map<string, Json>();
  for (const [name, one] of Object.entries(asObject(response['headers'] ?? {}, 'headers')))
    described.set(name.toLowerCase(), resolved(document, one));
  for (const [name, { required, schema }] of described) {
    const value = headers[name];
    if (value === undefined) assert.notEqual(required, true, `${name} is missing from ${status}`);
    else checkValue(document, schema, value, `${name} of ${status}`);
  }
  const isAccepted = status === 200;
  for (const name of Object.keys(headers))
    assert.ok(
      described.has(name) || OF_ALL.has(name) || (isAccepted && OF_ACCOUNTS.test(name)),
      `${name} of ${status} is not described`,
    );
  assert.equal(headers['cache-control'], 'no-store');
}

function checkBody(document: Json, content: Json, { headers, body, status }: Answer): void {
  const type = headers['content-type']?.split(';')[0];
  if (type === undefined) {
    assert.equal(body, '', `status ${status} has a body without a type`);
    return;
  }
  const media = content[type];
  assert.ok(media !== undefined, `status ${status} comes as ${type}, which is not described`);
  // Its own test reads it: bodies are text here.
  if (type === 'application/cbor') return;
  const { schema } = media as Json;
  checkValue(document, schema, type === 'application/json' ? JSON.parse(body) : body, `the body of ${status}`);
}

function checkValue(document: Json, schema: unknown, value: unknown, where: string): void {
  const whole = { components: closed(document['components']), allOf: [closed(schema)] };
  if (Check(whole, value)) return;
  const [, errors] = Errors(whole, value);
  assert.fail(
    `${where} is not as described: ${JSON.stringify(value).slice(0, 500)}\n${JSON.stringify(errors.slice(0, 5))}`,
  );
}

/** The same schema, by which no member may be there that is not described. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, own]) => [key, closed(own)]));
  const isOpen = inner['type'] === 'object' && 'properties' in inner && !('additionalProperties' in inner);
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}
