import Type from 'typebox';
import { RefusedBody } from '../json/json-operations.ts';
import { REQUEST_FIELDS } from '../json/request-fields.ts';
import { AUTH_HEADERS, AUTH_USER, CHALLENGE, RETRY_AFTER } from '../openapi/header-shapes.ts';
import type { Operation, Parameter } from '../openapi/operation.ts';
import { problemAnswers } from '../openapi/problem-answers.ts';
import { BASIC_HEADERS } from './basic-headers.ts';

const ABOUT_THE_CLIENT: readonly Parameter[] = (['client_ip', 'client_port', 'ssl'] as const).map((field) => {
  const { description, longest } = REQUEST_FIELDS[field];
  return { name: BASIC_HEADERS[field], in: 'header', description, schema: Type.String({ maxLength: longest }) };
});

/** What can be asked at `/api/v1/auth/basic`. */
export const BASIC_OPERATIONS: readonly Operation[] = [
  {
    id: 'askByBasic',
    methods: ['get', 'head', 'post'],
    tag: 'Logins',
    summary: "Asks about the mail user's own credentials, for web servers that ask before they serve a page.",
    description:
      'Served where `basic.enabled` is set, to the networks of `basic.networks`; others are answered 404. No caller proves itself. Of the client and its connection it reads the headers below alone, whose names are fixed; the web server must set each of them, or take out what the client has sent.',
    access: { kind: 'mail-user' },
    parameters: ABOUT_THE_CLIENT,
    answers: {
      ...problemAnswers([400, 404, 503]),
      200: { description: 'The login is accepted.', headers: { ...AUTH_HEADERS, ...AUTH_USER } },
      401: {
        description: 'The login is refused, or no credentials were sent.',
        headers: { ...AUTH_HEADERS, ...CHALLENGE },
        moreHeaders: RETRY_AFTER,
        bodies: { 'application/json': RefusedBody },
      },
      500: {
        description: 'It cannot be decided now.',
        headers: AUTH_HEADERS,
        bodies: { 'application/json': RefusedBody },
      },
    },
  },
];
