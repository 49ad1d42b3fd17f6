import Type from 'typebox';
import { REQUEST_FIELDS } from '../json/request-fields.ts';
import { AUTH_HEADERS, AUTH_USER } from '../openapi/header-shapes.ts';
import type { AnswerShape, Operation } from '../openapi/operation.ts';
import { BODY_PROBLEMS, CALLER_PROBLEMS, ProblemBody, problemAnswers } from '../openapi/problem-answers.ts';

const text = (description: string, maxLength?: number) =>
  Type.Optional(Type.String({ description, ...(maxLength === undefined ? {} : { maxLength }) }));

/** A form, as Cyrus saslauthd sends it. Other fields of a question may be there too. */
const FormBody = Type.Object(
  {
    username: Type.String({
      description: REQUEST_FIELDS.username.description,
      minLength: 1,
      maxLength: REQUEST_FIELDS.username.longest,
    }),
    password: Type.String({
      description: REQUEST_FIELDS.password.description,
      maxLength: REQUEST_FIELDS.password.longest,
    }),
    realm: text('Put behind the name, with `@`, where the name does not end so.'),
    service: text(REQUEST_FIELDS.service.description, REQUEST_FIELDS.service.longest),
    port: text(REQUEST_FIELDS.local_port.description, REQUEST_FIELDS.local_port.longest),
    tls: text(REQUEST_FIELDS.ssl.description, REQUEST_FIELDS.ssl.longest),
    security: text(REQUEST_FIELDS.ssl_protocol.description, REQUEST_FIELDS.ssl_protocol.longest),
    caller: text('Name of the caller, where no header proves it.'),
    caller_secret: text('Secret of the caller, where no header proves it.'),
  },
  { $id: 'SaslauthdForm' },
);

const spoken = (description: string): AnswerShape => ({
  description,
  headers: AUTH_HEADERS,
  bodies: { 'text/plain': Type.String({ description: 'The same text as `Auth-Status`.' }) },
});

/** What can be asked at `/api/v1/auth/saslauthd`. */
export const SASLAUTHD_OPERATIONS: readonly Operation[] = [
  {
    id: 'askByForm',
    methods: ['post'],
    tag: 'Logins',
    summary: 'Asks about a login as Cyrus saslauthd does (`httpform`).',
    description:
      'Scope `authenticate`. The credential of the caller can stand in the form, since saslauthd sends no headers.',
    access: { kind: 'caller', scopes: ['authenticate'] },
    bodies: { 'application/x-www-form-urlencoded': FormBody },
    answers: {
      ...problemAnswers([...CALLER_PROBLEMS, ...BODY_PROBLEMS]),
      200: { ...spoken('The login is accepted.'), moreHeaders: AUTH_USER },
      403: spoken('The login is refused.'),
      500: {
        ...spoken('It cannot be decided now.'),
        bodies: { 'text/plain': Type.String(), 'application/json': ProblemBody },
      },
    },
  },
];
