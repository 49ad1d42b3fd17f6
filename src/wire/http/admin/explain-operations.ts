import Type from 'typebox';
import type { Operation } from '../openapi/operation.ts';
import { BODY_PROBLEMS, CALLER_PROBLEMS, problemAnswers } from '../openapi/problem-answers.ts';
import { doneAnswer, Moment } from './envelope-shapes.ts';
import { ExplainBody } from './explain-doors.ts';

const ADMIN = { kind: 'caller', scopes: ['admin'] } as const;
const text = (description: string) => Type.Optional(Type.String({ description }));

const Step = Type.Object(
  {
    step: Type.String(),
    effect: Type.Enum(['passed', 'accepted', 'refused', 'observed', 'deferred', 'open']),
    text: Type.String({ description: 'What was found, in a sentence.' }),
    ms: Type.Optional(Type.Number({ description: 'Time that it took.' })),
    rule: text('The rule that held.'),
    network: text('The network that it held against.'),
    count: Type.Optional(Type.Number()),
    limit: Type.Optional(Type.Number()),
    detail: text('What the rule says of itself.'),
    until: Type.Optional(Moment('When a block ends.')),
  },
  { $id: 'ExplainedStep' },
);

const Explained = Type.Object(
  {
    kind: Type.Enum(['past', 'hypothetical']),
    session: text('The session of a past decision.'),
    time: text('When it was made.'),
    mode: Type.Enum(['authenticate', 'look-up']),
    login_name: text('The name that was typed.'),
    account: text('The account that it led to.'),
    client_ip: text("The client's address."),
    protocol: text('The protocol.'),
    caller: text('The mail server that asked.'),
    trace_id: text('The trace that the request named in `traceparent`.'),
    request_id: text('The `X-Request-Id` of the request.'),
    outcome: Type.Enum(['accept', 'refuse', 'defer', 'open']),
    reason: Type.String({ description: 'The code that the log has; `open` where the password decides.' }),
    decided_by: Type.String({ description: 'The step that decided.' }),
    why: Type.String({ description: 'What decided, in a sentence.' }),
    steps: Type.Array(Step),
    would_differ: Type.Array(Type.String(), {
      description: 'What would have to be otherwise for another outcome.',
    }),
  },
  { $id: 'Explanation' },
);

/** What can be asked at `/api/v1/explain/*`. */
export const EXPLAIN_PAST_OPERATIONS: readonly Operation[] = [
  {
    id: 'explainDecision',
    methods: ['get'],
    tag: 'Operating',
    summary: 'Why a past decision was what it was, as long as it is kept.',
    access: ADMIN,
    parameters: [
      {
        name: 'session',
        in: 'path',
        description: 'The session of the decision, as answers and the log have it.',
        schema: Type.String({ pattern: '^[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}$' }),
      },
    ],
    answers: {
      ...problemAnswers([...CALLER_PROBLEMS, 400, 404]),
      200: doneAnswer('The explanation.', { object: 'explain', operation: 'past', result: Explained }),
    },
  },
];

/** What can be asked at `/api/v1/explain`. */
export const EXPLAIN_OPERATIONS: readonly Operation[] = [
  {
    id: 'explainLogin',
    methods: ['post'],
    tag: 'Operating',
    summary: 'What a login would come to. Nothing is counted, and no password is sent.',
    access: ADMIN,
    bodies: { 'application/json': ExplainBody },
    answers: {
      ...problemAnswers([...CALLER_PROBLEMS, ...BODY_PROBLEMS]),
      200: doneAnswer('The explanation.', { object: 'explain', operation: 'hypothetical', result: Explained }),
    },
  },
];
