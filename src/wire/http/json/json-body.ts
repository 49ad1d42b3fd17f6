import type { Problem } from '../answer.ts';
import type { WholeExchange } from '../exchange.ts';
import type { BodyOutcome } from '../request-body.ts';
import { type JsonOutcome, readJsonObject } from './json-object.ts';

export type JsonBody = Extract<JsonOutcome, { readonly kind: 'object' }>;

/**
 * Reads the body of a request as one JSON object and hands it on; what is none is answered here. What `then` throws ends the
 * exchange.
 */
export function readJsonBody(exchange: WholeExchange, caller: string, then: (json: JsonBody) => void): void {
  const unsupported = unsupportedBody(exchange);
  if (unsupported !== undefined) return exchange.reject(unsupported, caller);
  exchange.readBody((body) => {
    try {
      const json = parseBody(exchange, caller, body);
      if (json !== undefined) then(json);
    } catch (cause) {
      exchange.fail(cause);
    }
  });
}

function parseBody(exchange: WholeExchange, caller: string, body: BodyOutcome): JsonBody | undefined {
  // What came too late has its answer already.
  if (exchange.isAnswered) return undefined;
  if (body.kind === 'too-large') {
    exchange.reject({ status: 413, error: 'the body must not be larger than 64 KiB' }, caller);
    return undefined;
  }
  const json = readJsonObject(body.bytes);
  if (json.kind === 'object') return json;
  exchange.reject({ status: 400, error: json.message, field: json.field }, caller);
  return undefined;
}

function unsupportedBody({ headers }: WholeExchange): Problem | undefined {
  const type = headers['content-type'];
  if (type !== undefined && type !== 'application/json' && !/^\s*application\/json\s*(;|$)/i.test(type)) {
    return { status: 415, error: 'the body must be application/json', headers: ['Accept', 'application/json'] };
  }
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return undefined;
  return { status: 415, error: 'the body must not be compressed', headers: ['Accept-Encoding', 'identity'] };
}
