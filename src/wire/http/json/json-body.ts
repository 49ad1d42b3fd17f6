import type { WholeExchange } from '../exchange.ts';
import { type BodyType, readTypedBody } from '../door/typed-body.ts';
import { type JsonOutcome, readJsonObject } from './json-object.ts';

export type JsonBody = Extract<JsonOutcome, { readonly kind: 'object' }>;

const JSON_BODY: BodyType = { name: 'application/json', pattern: /^\s*application\/json\s*(;|$)/i };

/**
 * Reads the body of a request as one JSON object and hands it on; what is none is answered here. What `then` throws ends the
 * exchange.
 */
export function readJsonBody(exchange: WholeExchange, caller: string, then: (json: JsonBody) => void): void {
  readTypedBody(exchange, JSON_BODY, caller, (bytes) => {
    const json = readJsonObject(bytes);
    if (json.kind === 'object') return then(json);
    exchange.reject({ status: 400, error: json.message, field: json.field }, caller);
  });
}
