import { isUtf8 } from 'node:buffer';
import type { Attempt } from '../../../login/attempt.ts';
import type { JsonObject } from '../json/json-object.ts';
import { type FieldProblem, parseAttempt, type RequestContext } from '../json/request.ts';

/** Turns a CBOR map into an attempt by the checks of the JSON door. A password may be a byte string: then it is tried as those bytes. */
export function parseCbor(
  body: JsonObject,
  context: Omit<RequestContext, 'isLatin1' | 'hasUnicodeEscapes'>,
): Attempt | FieldProblem {
  const key = Object.keys(body).find((name) => body[name] instanceof Uint8Array && name.toLowerCase() === 'password');
  if (key === undefined) return parseAttempt(body, { ...context, isLatin1: false, hasUnicodeEscapes: false });
  const bytes = Buffer.from(body[key] as Uint8Array);
  if (isUtf8(bytes))
    return parseAttempt(
      { ...body, [key]: bytes.toString('utf8') },
      { ...context, isLatin1: false, hasUnicodeEscapes: false },
    );
  // All other texts in the same form, in which they are made into text again.
  const binary = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, binaryOf(value)]));
  return parseAttempt(
    { ...binary, [key]: bytes.toString('latin1') },
    { ...context, isLatin1: true, hasUnicodeEscapes: false },
  );
}

function binaryOf(value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value, 'utf8').toString('latin1') : value;
}
