import Type, { type TObject } from 'typebox';
import { Check, Errors } from 'typebox/value';
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

/** A text of a body; the empty one and `null` count as not sent. */
export function BodyText(description: string, longest = LONGEST) {
  return Type.Optional(Type.String({ description, maxLength: longest }));
}

/** Texts of a body; none and `null` count as not sent. */
export function BodyTexts(description: string) {
  return Type.Optional(Type.Array(Type.String({ maxLength: LONGEST }), { description, maxItems: MOST }));
}

export function BodyFlag(description: string, usual: boolean) {
  return Type.Optional(Type.Boolean({ description, default: usual }));
}

export function BodyCount(description: string, minimum: number, maximum: number) {
  return Type.Optional(Type.Integer({ description, minimum, maximum }));
}

/**
 * Reads a body by its schema, or says which field is wrong. Fields that the schema does not know are left alone.
 * The schema is also what callers are told of the body.
 */
export function parseBody<Schema extends TObject>(schema: Schema, body: JsonObject): Type.Static<Schema> | FieldFault {
  const sent = Object.fromEntries(Object.entries(body).filter(([, value]) => !isNothing(value)));
  if (!Check(schema, sent)) return faultOf(schema, sent);
  for (const name of Object.keys(schema.properties)) {
    const value = sent[name];
    const texts = Array.isArray(value) ? value : [value];
    if (texts.some((text) => typeof text === 'string' && !text.isWellFormed()))
      return fault(name, 'must not hold half of a surrogate pair');
  }
  return sent;
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

function faultOf(schema: TObject, sent: JsonObject): FieldFault {
  const [first] = Errors(schema, sent);
  const name = first?.instancePath.split('/')[1] ?? '';
  return fault(name, allowedBy(schema.properties[name], first?.keyword));
}

interface FieldFacts {
  readonly type?: string;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What a field must be, in words. */
function allowedBy(field: object | undefined, keyword: string | undefined): string {
  const { type, maxLength, maxItems, minimum, maximum } = (field ?? {}) as FieldFacts;
  if (type === 'string')
    return keyword === 'maxLength' ? `must not be longer than ${maxLength} characters` : 'must be a string';
  if (type === 'array')
    return keyword === 'maxItems' ? `must not hold more than ${maxItems}` : 'must be an array of strings';
  return type === 'boolean' ? 'must be true or false' : `must be a whole number from ${minimum} to ${maximum}`;
}
