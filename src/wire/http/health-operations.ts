import Type from 'typebox';
import { CHALLENGE, RETRY_AFTER } from './openapi/header-shapes.ts';
import type { AnswerShape, Operation } from './openapi/operation.ts';

const STATE = (...words: string[]) => Type.Enum(words);

const LiveBody = Type.Object({ status: Type.Literal('ok') }, { $id: 'Live' });
const ReadyBody = Type.Object(
  {
    status: STATE('ok', 'degraded', 'down'),
    backends: Type.Array(Type.Object({ name: Type.String(), status: STATE('ok', 'down') })),
    workers: Type.Optional(
      Type.Object(
        { wanted: Type.Integer(), ready: Type.Integer() },
        { description: 'Where several processes answer: how many there should be, and how many can decide logins.' },
      ),
    ),
  },
  { $id: 'Ready', description: 'Names and states, never causes or addresses.' },
);
const PlainProblem = Type.Object({ error: Type.String() }, { $id: 'PlainProblem' });

const plainProblem = (description: string, headers: AnswerShape['headers'] = {}): AnswerShape => ({
  description,
  headers,
  bodies: { 'application/json': PlainProblem },
});

/** What can be asked at `/healthz/live`. */
export const LIVE_OPERATIONS: readonly Operation[] = [
  {
    id: 'isLive',
    methods: ['get', 'head'],
    tag: 'Watching',
    summary: 'Whether the process answers.',
    access: { kind: 'anybody' },
    answers: { 200: { description: 'It does.', bodies: { 'application/json': LiveBody } } },
  },
];

/** What can be asked at `/healthz/ready`. */
export const READY_OPERATIONS: readonly Operation[] = [
  {
    id: 'isReady',
    methods: ['get', 'head'],
    tag: 'Watching',
    summary: 'Whether logins can be decided.',
    access: { kind: 'anybody' },
    answers: {
      200: { description: 'They can.', bodies: { 'application/json': ReadyBody } },
      503: { description: 'A backend cannot answer.', bodies: { 'application/json': ReadyBody } },
    },
  },
];

/** What can be asked at `/metrics`. */
export const METRICS_OPERATIONS: readonly Operation[] = [
  {
    id: 'readMetrics',
    methods: ['get', 'head'],
    tag: 'Watching',
    summary: "Metrics in Prometheus' text form.",
    description: 'For the machine itself without a credential, and for callers with the scope `admin`.',
    access: { kind: 'caller', scopes: ['admin'] },
    answers: {
      200: { description: 'All metrics.', bodies: { 'text/plain': Type.String() } },
      401: plainProblem('Another machine asks, and no caller that may.', CHALLENGE),
      429: plainProblem('Too many wrong credentials of this caller.', RETRY_AFTER),
      503: plainProblem('The caller cannot be checked now.'),
    },
  },
];
