import Type, { type TSchema } from 'typebox';
import { AUTH_HEADERS, SESSION_HEADERS } from '../openapi/header-shapes.ts';
import type { AnswerShape } from '../openapi/operation.ts';
import { ProblemBody } from '../openapi/problem-answers.ts';

/** A result in the form of the management interface. */
export interface EnvelopeShape {
  readonly object: string;
  /** One word, or one of several. */
  readonly operation: string | readonly string[];
  readonly result: TSchema;
}

function envelope({ object, operation, result }: EnvelopeShape): TSchema {
  return Type.Object({
    session: Type.String(),
    object: Type.Literal(object),
    operation: typeof operation === 'string' ? Type.Literal(operation) : Type.Enum([...operation]),
    result,
  });
}

/** What was asked for, or done. */
export function doneAnswer(description: string, shape: EnvelopeShape): AnswerShape {
  return { description, headers: SESSION_HEADERS, bodies: { 'application/json': envelope(shape) } };
}

/** It was done in part, or not at all; `result.error` says why. */
export function undoneAnswer(shape: EnvelopeShape): AnswerShape {
  return {
    description: 'What processes share could not be reached; `result.error` says why. What is of this process is done.',
    headers: SESSION_HEADERS,
    moreHeaders: { 'Auth-Status': AUTH_HEADERS['Auth-Status'] },
    bodies: { 'application/json': Type.Union([envelope(shape), ProblemBody]) },
  };
}

/** A moment in ISO 8601. */
export const Moment = (description: string) =>
  Type.String({ description, pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$' });
export const ErrorText = Type.Optional(Type.String({ description: 'What could not be reached, for operators.' }));
