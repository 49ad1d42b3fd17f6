import assert from 'node:assert/strict';
import { Check, Default } from 'typebox/value';
import {
  type RequestHeadersConfig,
  RequestHeadersSchema,
  resolveRequestHeaders,
} from '../../src/wire/http/header/request-headers-config.ts';

/** The names of request headers, as usual but for what is given. */
export function someRequestHeaders(settings: object = {}): RequestHeadersConfig {
  const raw = Default(RequestHeadersSchema, { ...settings });
  assert.ok(Check(RequestHeadersSchema, raw));
  return resolveRequestHeaders(raw);
}
