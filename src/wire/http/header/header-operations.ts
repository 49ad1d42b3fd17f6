import Type from 'typebox';
import { LIST_BODIES, REFUSED, DEFERRED } from '../json/json-operations.ts';
import { REQUEST_FIELDS, type RequestField } from '../json/request-fields.ts';
import { AUTH_HEADERS, AUTH_USER, MEMORY_CACHE, VARY } from '../openapi/header-shapes.ts';
import type { Operation, Parameter } from '../openapi/operation.ts';
import { CALLER_PROBLEMS, problemAnswers } from '../openapi/problem-answers.ts';
import { RENAMED } from './header-fields.ts';
import { type HeaderKey, USUAL_NAMES } from './request-headers-config.ts';

/** Request headers by their usual names; a configuration can give them others. */
export const QUESTION_HEADERS: readonly Parameter[] = Object.entries(USUAL_NAMES).flatMap(([key, names]) => {
  const field = (RENAMED[key as HeaderKey] ?? key) as RequestField | 'password_encoded';
  const [name = key, ...others] = names;
  const schema =
    field === 'password_encoded' ? Type.String() : Type.String({ maxLength: REQUEST_FIELDS[field].longest });
  const also = others.length === 0 ? '' : ` Or \`${others.join('`, `')}\`.`;
  return [{ name, in: 'header' as const, description: `${meaningOf(field)}${also}`, schema }];
});

function meaningOf(field: RequestField | 'password_encoded'): string {
  if (field === 'password_encoded') return '`1` where the password is base64, of either alphabet.';
  return REQUEST_FIELDS[field].description;
}

const MODE: Parameter = {
  name: 'mode',
  in: 'query',
  description: 'Left out: a login. `no-auth`: a look-up without password. `list-accounts`: all accounts.',
  schema: Type.Enum(['no-auth', 'list-accounts']),
};

/** What can be asked at `/api/v1/auth/header`. */
export const HEADER_OPERATIONS: readonly Operation[] = [
  {
    id: 'askByHeaders',
    methods: ['get', 'head', 'post'],
    tag: 'Logins',
    summary: 'Asks by request headers about a login, an account, or all accounts.',
    description:
      'Scope `authenticate` for a login, `lookup` with `mode=no-auth`, `list` with `mode=list-accounts`. Values may be percent-encoded. A body is left alone.',
    access: { kind: 'caller', scopes: ['authenticate', 'lookup', 'list'] },
    parameters: [MODE, ...QUESTION_HEADERS],
    answers: {
      ...problemAnswers([...CALLER_PROBLEMS, 400, 406]),
      200: {
        description:
          'The login is accepted or the account found, without a body and with attributes as headers `X-Nauthilus-` and their name; or the list.',
        headers: AUTH_HEADERS,
        moreHeaders: { ...AUTH_USER, ...MEMORY_CACHE, ...VARY },
        bodies: LIST_BODIES,
      },
      403: REFUSED,
      500: DEFERRED,
    },
  },
];
