import Type from 'typebox';
import { QUESTION_HEADERS } from '../header/header-operations.ts';
import { AUTH_HEADERS, AUTH_USER, AUTH_WAIT, MEMORY_CACHE } from '../openapi/header-shapes.ts';
import type { Operation } from '../openapi/operation.ts';
import { CALLER_PROBLEMS, problemAnswers } from '../openapi/problem-answers.ts';

const ERROR_CODE = {
  'Auth-Error-Code': {
    description: 'For SMTP: the reply code and enhanced status of a login that is refused or cannot be decided.',
    schema: Type.String({ pattern: '^[45][0-9]{2} [45]\\.[0-9]{1,3}\\.[0-9]{1,3}$' }),
  },
};
const PLACE = {
  'Auth-Server': { description: 'Address of the host that has the mail.', schema: Type.String() },
  'Auth-Port': { description: 'Its port.', schema: Type.String({ pattern: '^[0-9]{1,5}$' }) },
};
const LOGIN = {
  'Auth-Pass': {
    description: 'With `nginx.backend_login`: by what nginx logs in there.',
    schema: Type.String(),
  },
};

/** What can be asked at `/api/v1/auth/nginx`. */
export const NGINX_OPERATIONS: readonly Operation[] = [
  {
    id: 'askForNginx',
    methods: ['get', 'head', 'post'],
    tag: 'Logins',
    summary: 'Asks as the mail proxy of nginx does (ngx_mail_auth_http_module).',
    description:
      'Every decision is 200: nginx reads `Auth-Status`, which is `OK` where the login is accepted. A refusal without `Auth-Wait`, and a login that cannot be decided, close the connection of the client. Scope `authenticate`, or `lookup` with `mode=no-auth`.',
    access: { kind: 'caller', scopes: ['authenticate', 'lookup'] },
    parameters: [
      {
        name: 'mode',
        in: 'query',
        description: 'Left out: a login. `no-auth`: a look-up without password.',
        schema: Type.Enum(['no-auth']),
      },
      ...QUESTION_HEADERS,
    ],
    answers: {
      ...problemAnswers([...CALLER_PROBLEMS, 400], ERROR_CODE),
      200: {
        description: 'The decision.',
        headers: AUTH_HEADERS,
        moreHeaders: { ...AUTH_USER, ...PLACE, ...LOGIN, ...AUTH_WAIT, ...ERROR_CODE, ...MEMORY_CACHE },
      },
    },
  },
];
