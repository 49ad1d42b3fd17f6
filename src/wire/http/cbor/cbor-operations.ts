import Type from 'typebox';
import {
  AcceptedBody,
  AccountListBody,
  LIST_BODIES,
  LIST_MODE,
  MODE,
  QuestionBody,
  RefusedBody,
} from '../json/json-operations.ts';
import { AUTH_HEADERS, AUTH_USER, AUTH_WAIT, MEMORY_CACHE, VARY } from '../openapi/header-shapes.ts';
import type { AnswerShape, Answers, Operation } from '../openapi/operation.ts';
import { BODY_PROBLEMS, CALLER_PROBLEMS, ProblemBody, problemAnswers } from '../openapi/problem-answers.ts';

/** A problem, as the JSON door has it. */
function inCbor(answers: Answers): Answers {
  const bodies = { 'application/cbor': ProblemBody };
  return Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, { ...answer, bodies }]));
}

const cbor = (description: string, schema: AnswerShape['bodies']): AnswerShape => ({
  description,
  headers: AUTH_HEADERS,
  ...(schema !== undefined && { bodies: schema }),
});

/** What can be asked at `/api/v1/auth/cbor`. */
export const CBOR_OPERATIONS: readonly Operation[] = [
  {
    id: 'askCbor',
    methods: ['post'],
    tag: 'Logins',
    summary: 'Asks about a login, an account, or all accounts, in CBOR (RFC 8949).',
    description:
      'What the JSON door is asked and answers, as maps of text strings; a password may be a byte string. Arrays, maps and strings have a definite length, no key stands twice, and tags are not taken.',
    access: { kind: 'caller', scopes: ['authenticate', 'lookup', 'list'] },
    parameters: [MODE],
    bodies: { 'application/cbor': QuestionBody },
    answers: {
      ...inCbor(problemAnswers([...CALLER_PROBLEMS, ...BODY_PROBLEMS, 406])),
      200: {
        description: 'The login is accepted, the account found, or the list sent.',
        headers: AUTH_HEADERS,
        moreHeaders: { ...AUTH_USER, ...MEMORY_CACHE, ...VARY },
        bodies: { ...LIST_BODIES, 'application/cbor': Type.Union([AcceptedBody, AccountListBody]) },
      },
      403: {
        ...cbor('The login is refused, or nobody has this name.', { 'application/cbor': RefusedBody }),
        headers: { ...AUTH_HEADERS, ...AUTH_WAIT },
      },
      500: cbor('It cannot be decided now; ask again later.', {
        'application/cbor': Type.Union([RefusedBody, ProblemBody]),
      }),
    },
  },
  {
    id: 'listByCbor',
    methods: ['get', 'head'],
    tag: 'Logins',
    summary: 'Lists all accounts, in CBOR unless another form is asked for.',
    access: { kind: 'caller', scopes: ['list'] },
    parameters: [LIST_MODE],
    answers: {
      ...inCbor(problemAnswers([...CALLER_PROBLEMS, 400, 405, 406])),
      200: {
        description: 'All accounts, once every backend has given its own.',
        headers: { ...AUTH_HEADERS, ...VARY },
        bodies: LIST_BODIES,
      },
      500: cbor('The list cannot be had now.', { 'application/cbor': ProblemBody }),
    },
  },
];
