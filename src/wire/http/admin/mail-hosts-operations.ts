import Type, { type TSchema } from 'typebox';
import type { Operation } from '../openapi/operation.ts';
import { BODY_PROBLEMS, CALLER_PROBLEMS, problemAnswers } from '../openapi/problem-answers.ts';
import { doneAnswer, ErrorText, Moment, undoneAnswer } from './envelope-shapes.ts';
import { MailHostsBody } from './mail-hosts-door.ts';

const ADMIN = { kind: 'caller', scopes: ['admin'] } as const;
const orNull = (schema: TSchema) => Type.Union([schema, Type.Null()]);

const Host = Type.Object(
  {
    pool: Type.String(),
    host: Type.String(),
    port: Type.Integer(),
    weight: Type.Number(),
    state: Type.String(),
    alive: Type.Boolean(),
    load: Type.Number({ description: 'Logins of late that were sent there.' }),
    probe: orNull(
      Type.Object({
        result: Type.String(),
        detail: orNull(Type.String()),
        at: Moment('When it was probed.'),
        ms: Type.Integer({ description: 'Time that it took.' }),
      }),
    ),
    order: orNull(
      Type.Object({
        mode: Type.String(),
        since: Moment('When it was given.'),
        by: Type.String({ description: 'Who gave it.' }),
        reason: Type.String(),
      }),
    ),
  },
  { $id: 'MailHost', description: 'A mail host as the process that answers sees it.' },
);

const Hosts = Type.Object({ hosts: Type.Array(Host), error: ErrorText });
const listed = { object: 'mail-hosts', operation: 'list', result: Hosts };
const ordered = {
  object: 'mail-hosts',
  operation: ['drain', 'maintain', 'resume'],
  result: Hosts,
};

/** What can be asked at `/api/v1/mail-hosts`. */
export const MAIL_HOSTS_OPERATIONS: readonly Operation[] = [
  {
    id: 'listMailHosts',
    methods: ['get'],
    tag: 'Operating',
    summary: 'The mail hosts that accounts are sent to.',
    access: ADMIN,
    answers: { ...problemAnswers(CALLER_PROBLEMS), 200: doneAnswer('All hosts.', listed) },
  },
  {
    id: 'orderMailHosts',
    methods: ['post'],
    tag: 'Operating',
    summary: 'Drains a mail host, takes it out, or brings it back.',
    access: ADMIN,
    bodies: { 'application/json': MailHostsBody },
    answers: {
      ...problemAnswers([...CALLER_PROBLEMS, ...BODY_PROBLEMS, 404]),
      200: doneAnswer('The hosts that were meant.', ordered),
      500: undoneAnswer(ordered),
    },
  },
];
