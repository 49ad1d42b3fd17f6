import type { JsonObject } from '../json/json-object.ts';

/** What is wrong with a request of an operator. */
export interface FieldFault {
  readonly kind: 'fault';
  readonly field: string;
  readonly error: string;
}

export function fault(field: string, error: string): FieldFault {
  return { kind: 'fault', field, error: `${field}: ${error}` };
}

export function isFault(value: unknown): value is FieldFault {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'fault';
}

const LONGEST = 1024;
const MOST = 1000;

/** A text of the body; the empty one and `null` count as not sent. */
export function textField(body: JsonObject, field: string, longest = LONGEST): string | undefined | FieldFault {
  const value = body[field];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' || !value.isWellFormed()) return fault(field, 'must be a string');
  return value.length > longest ? fault(field, `must not be longer than ${longest} characters`) : value;
}

export function textsField(body: JsonObject, field: string): readonly string[] | undefined | FieldFault {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
    return fault(field, 'must be an array of strings');
  if (value.length > MOST) return fault(field, `must not hold more than ${MOST}`);
  return value.length === 0 ? undefined : value;
}

/** Several fields of texts at once: the first fault, or all of them. */
export function textFields<Name extends string>(
  body: JsonObject,
  names: readonly Name[],
): Readonly<Record<Name, string | undefined>> | FieldFault {
  const texts: Partial<Record<Name, string | undefined>> = {};
  for (const name of names) {
    const text = textField(body, name);
    if (isFault(text)) return text;
    texts[name] = text;
  }
  return texts as Record<Name, string | undefined>;
}
