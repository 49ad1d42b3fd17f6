import Type, { type TSchema } from 'typebox';
import { AUTH_HEADERS, AUTH_USER, AUTH_WAIT, MEMORY_CACHE, VARY } from '../openapi/header-shapes.ts';
import type { AnswerShape, Bodies, Operation, Parameter } from '../openapi/operation.ts';
import { BODY_PROBLEMS, CALLER_PROBLEMS, ProblemBody, problemAnswers } from '../openapi/problem-answers.ts';
import { DIALECTS } from './dovecot-fields-rules.ts';
import { REQUEST_FIELDS, type TextField } from './request-fields.ts';

/** A question, as its fields are checked. Names of fields may be in any case; others are left alone. */
export const QuestionBody = Type.Unsafe<object>({
  $id: 'Question',
  type: 'object',
  description:
    'A question about a login or an account. Lengths are in UTF-16 units; names of fields may be in any case; unknown fields are ignored; `null` and the empty string count as not sent; whole numbers are taken where text is meant.',
  required: ['username'],
  properties: Object.fromEntries(Object.entries(REQUEST_FIELDS).map(([name, field]) => [name, schemaOf(name, field)])),
});

function schemaOf(name: string, { longest, description }: TextField): TSchema {
  const kinds = name === 'ssl' || name === 'ssl_client_verify' ? ['boolean'] : [];
  const type = name === 'username' ? ['string', 'integer'] : ['string', 'integer', 'null', ...kinds];
  return Type.Unsafe<unknown>({ type, maxLength: longest, description });
}

const Attributes = Type.Record(Type.String(), Type.Array(Type.String()), {
  $id: 'Attributes',
  description: 'What is known of the account; values are always arrays of strings.',
});
const empty = Type.Literal('', { description: 'An older name that clients may look for.' });

/** An accepted login, or an account that was found. */
export const AcceptedBody = Type.Object(
  {
    ok: Type.Literal(true),
    backend: Type.String({ description: 'The backend that vouches.' }),
    passdb_backend: Type.String({ description: 'The same, by an older name.' }),
    account_field: Type.String({ description: 'The attribute that the account is named by.' }),
    totp_secret_field: empty,
    webauth_userid_field: empty,
    display_name_field: empty,
    attributes: Attributes,
  },
  { $id: 'Accepted' },
);

const Fields = Type.Record(Type.String(), Type.String());
const AcceptedForDovecot = Type.Object(
  {
    ok: Type.Literal(true),
    dovecot: Type.Object({ passdb: Type.Optional(Fields), userdb: Type.Optional(Fields) }),
  },
  { $id: 'AcceptedForDovecot', description: 'With `fields`: what a Dovecot is to be told, by its own names.' },
);
const DovecotOutcome = Type.Object(
  {
    result: Type.String({ description: '`mismatch`, `unknown`, `disabled`, `expired` or `tempfail`.' }),
    reason: Type.Optional(Type.String()),
  },
  { $id: 'DovecotOutcome', description: 'With `fields`: how a Dovecot tells failures apart.' },
);

/** A login that was refused, or cannot be decided now. */
export const RefusedBody = Type.Object(
  { ok: Type.Literal(false), error: Type.String(), dovecot: Type.Optional(DovecotOutcome) },
  { $id: 'Refused' },
);

export const AccountListBody = Type.Array(Type.String(), {
  $id: 'AccountList',
  description: 'All accounts, sorted, without duplicates.',
});

/** The list of accounts in its forms. */
export const LIST_BODIES: Bodies = {
  'application/json': AccountListBody,
  'text/plain': Type.String({ description: 'One account a line, ended by CR LF.' }),
  'application/cbor': AccountListBody,
  'application/x-www-form-urlencoded': Type.String({ description: 'A field `account` for each.' }),
};

export const MODE: Parameter = {
  name: 'mode',
  in: 'query',
  description: 'Left out: a login. `no-auth`: a look-up without password. `list-accounts`: all accounts.',
  schema: Type.Enum(['no-auth', 'list-accounts']),
};
/** The only question that a GET can put. */
export const LIST_MODE: Parameter = {
  name: 'mode',
  in: 'query',
  description: 'Must be `list-accounts`.',
  schema: Type.Enum(['list-accounts']),
};
const FIELDS: Parameter = {
  name: 'fields',
  in: 'query',
  description: 'The version of Dovecot whose fields the answer is to have.',
  schema: Type.Enum([...DIALECTS]),
};

export const REFUSED: AnswerShape = {
  description: 'The login is refused, or nobody has this name; unknown users and wrong passwords read alike.',
  headers: { ...AUTH_HEADERS, ...AUTH_WAIT },
  bodies: { 'application/json': RefusedBody },
};

export const DEFERRED: AnswerShape = {
  description: 'It cannot be decided now; ask again later. A mail server must take this as a temporary failure.',
  headers: AUTH_HEADERS,
  bodies: { 'application/json': Type.Union([RefusedBody, ProblemBody]) },
};

export const LISTED: AnswerShape = {
  description: 'All accounts, once every backend has given its own.',
  headers: { ...AUTH_HEADERS, ...VARY },
  bodies: LIST_BODIES,
};

export const LIST_FAILED: AnswerShape = {
  description: 'The list cannot be had now.',
  headers: AUTH_HEADERS,
  bodies: { 'application/json': ProblemBody },
};

const attributesToo = 'Attributes come as headers too, `X-Nauthilus-` and their name, as far as they fit.';

/** What can be asked at `/api/v1/auth/json`. */
export const JSON_OPERATIONS: readonly Operation[] = [
  {
    id: 'askJson',
    methods: ['post'],
    tag: 'Logins',
    summary: 'Asks about a login, an account, or all accounts.',
    description: 'Scope `authenticate` for a login, `lookup` with `mode=no-auth`, `list` with `mode=list-accounts`.',
    access: { kind: 'caller', scopes: ['authenticate', 'lookup', 'list'] },
    parameters: [MODE, FIELDS],
    bodies: { 'application/json': QuestionBody },
    answers: {
      ...problemAnswers([...CALLER_PROBLEMS, ...BODY_PROBLEMS, 406]),
      200: {
        description: `The login is accepted, the account found, or the list sent. ${attributesToo}`,
        headers: AUTH_HEADERS,
        moreHeaders: { ...AUTH_USER, ...MEMORY_CACHE, ...VARY },
        bodies: {
          ...LIST_BODIES,
          'application/json': Type.Union([AcceptedBody, AcceptedForDovecot, AccountListBody]),
        },
      },
      403: REFUSED,
      500: DEFERRED,
    },
  },
  {
    id: 'listByJson',
    methods: ['get', 'head'],
    tag: 'Logins',
    summary: 'Lists all accounts.',
    access: { kind: 'caller', scopes: ['list'] },
    parameters: [LIST_MODE],
    answers: {
      ...problemAnswers([...CALLER_PROBLEMS, 400, 405, 406]),
      200: LISTED,
      500: LIST_FAILED,
    },
  },
];
