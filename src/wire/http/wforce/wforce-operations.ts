import Type, { type TSchema } from 'typebox';
import { AUTH_HEADERS } from '../openapi/header-shapes.ts';
import type { AnswerShape, Answers, Operation, Parameter } from '../openapi/operation.ts';
import { problemAnswers } from '../openapi/problem-answers.ts';
import { FIELD_LIMITS } from './wforce-request.ts';

const FailureBody = Type.Object(
  { status: Type.Literal('failure'), reason: Type.String({ description: 'What is wrong, for people.' }) },
  { $id: 'WforceFailure' },
);
const DoneBody = Type.Object({ status: Type.Literal('ok') }, { $id: 'WforceDone' });
const AllowBody = Type.Object(
  {
    status: Type.Integer({
      description: '0 or more: seconds to wait before the password is looked at. -1: the login must not be tried.',
      minimum: -1,
    }),
    msg: Type.String({ description: 'What the mail user may be told.' }),
    r_attrs: Type.Object({}),
  },
  { $id: 'WforceAllowance' },
);

const flag = (description: string) =>
  Type.Optional(Type.Union([Type.Boolean(), Type.Enum(['true', 'false'])], { description }));
const text = (name: keyof typeof FIELD_LIMITS, description: string) =>
  Type.Optional(Type.String({ description, maxLength: FIELD_LIMITS[name] }));

const TupleBody = Type.Object(
  {
    login: Type.String({ description: 'The name that the user typed.', maxLength: FIELD_LIMITS.login }),
    remote: text('remote', "The client's address."),
    pwhash: text('pwhash', 'A hash that tells passwords apart, and nothing else.'),
    protocol: text('protocol', '`imap`, `pop3`, `submission` …'),
    device_id: text('device_id', 'What the mail program says of itself.'),
    session_id: text('session_id', "The mail server's id of the session."),
    mechanism: text('mechanism', 'The SASL mechanism.'),
    fail_type: text('fail_type', 'Why a login has failed, for `report`.'),
    tls: flag("Whether the client's connection is secured."),
    success: flag('Whether the password was right, for `report`.'),
    policy_reject: flag('Whether it was refused here before, for `report`.'),
  },
  {
    $id: 'WforceLogin',
    description: 'What weakforced calls a login tuple. `pwhash` is left alone where it is no use.',
  },
);

const COMMAND = (...commands: string[]): Parameter => ({
  name: 'command',
  in: 'query',
  description: '`allow`: may a login be tried? `report`: what has become of it. `ping`: nothing.',
  schema: Type.Enum(commands),
});

/** Problems in weakforced's form. */
function failures(statuses: Parameters<typeof problemAnswers>[0]): Answers {
  const inForm = ([status, shape]: [string, AnswerShape]) =>
    [status, { ...shape, bodies: { 'application/json': FailureBody as TSchema } }] as const;
  return Object.fromEntries(Object.entries(problemAnswers(statuses)).map(inForm));
}

const ACCESS = { kind: 'caller', scopes: ['policy'] } as const;
const description =
  "weakforced's API, for mail servers that prove passwords by themselves. The credential may stand in `X-API-Key`, in base64. Callers with the scope `admin` give orders by `reset`, `addBLEntry`, `delBLEntry` and `getBL`, as they do by our own interface.";

/** What can be asked at one path by `command`; the other path is for settings that take a URL without one. */
function wforceOperations(id: string): readonly Operation[] {
  return [
    {
      id,
      methods: ['post'],
      tag: 'Logins',
      summary: 'Asks whether a login may be tried, or tells what has become of it.',
      description,
      access: ACCESS,
      parameters: [COMMAND('allow', 'report', 'ping')],
      bodies: { 'application/json': TupleBody },
      answers: {
        ...failures([400, 401, 404, 413, 415, 429, 503]),
        200: {
          description: 'The answer to `allow`; `ok` to the others.',
          headers: AUTH_HEADERS,
          bodies: { 'application/json': Type.Union([AllowBody, DoneBody]) },
        },
      },
    },
    {
      id: `${id}Ping`,
      methods: ['get'],
      tag: 'Logins',
      summary: 'Whether somebody answers.',
      description,
      access: ACCESS,
      parameters: [COMMAND('ping')],
      answers: {
        ...failures([400, 401, 404, 405, 429, 503]),
        200: {
          description: 'The answer to `ping`.',
          headers: AUTH_HEADERS,
          bodies: { 'application/json': DoneBody },
        },
      },
    },
  ];
}

/** What can be asked at `/api/v1/auth/wforce`. */
export const WFORCE_OPERATIONS = wforceOperations('askPolicy');
/** The same at `/`. */
export const ROOT_OPERATIONS = wforceOperations('askPolicyAtRoot');
