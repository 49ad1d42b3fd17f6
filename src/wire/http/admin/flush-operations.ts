import Type, { type TSchema } from 'typebox';
import type { Operation } from '../openapi/operation.ts';
import { BODY_PROBLEMS, CALLER_PROBLEMS, problemAnswers } from '../openapi/problem-answers.ts';
import { BruteforceFlushBody } from './bruteforce-flush-door.ts';
import { CacheFlushBody } from './cache-flush-door.ts';
import { doneAnswer, ErrorText, Moment, undoneAnswer } from './envelope-shapes.ts';

const ADMIN = { kind: 'caller', scopes: ['admin'] } as const;
const Removed = Type.Array(Type.String(), { description: 'What was ended, in no order.' });
const Status = Type.String({ description: '`not flushed`, or how many keys were.' });

const CacheFlush = {
  object: 'cache',
  operation: 'flush',
  result: Type.Object({ user: Type.String(), removed_keys: Removed, status: Status, error: ErrorText }),
};
const BruteforceFlush = {
  object: 'bruteforce',
  operation: 'flush',
  result: Type.Object({
    ip_address: Type.String({ description: 'As it was sent; empty where none was.' }),
    network: Type.String({ description: 'In CIDR form; empty where none was meant.' }),
    account: Type.String(),
    rule_name: Type.String(),
    removed_keys: Removed,
    forgotten: Type.Integer({ description: 'Owners, counters and members that are counted no more.' }),
    status: Status,
    error: ErrorText,
  }),
};

const QueuedJob = Type.Object(
  { jobId: Type.String(), status: Type.Literal('QUEUED') },
  { $id: 'QueuedJob', description: 'An order that was taken.' },
);
const JobState = Type.Object(
  {
    jobId: Type.String(),
    status: Type.Enum(['QUEUED', 'INPROGRESS', 'DONE', 'ERROR']),
    type: Type.Enum(['CACHE_FLUSH', 'BF_FLUSH']),
    createdAt: Moment('When it was ordered.'),
    startedAt: Type.Optional(Moment('When it began.')),
    finishedAt: Type.Optional(Moment('When it ended.')),
    resultCount: Type.Optional(Type.Integer({ description: 'How much was flushed.' })),
    error: ErrorText,
  },
  { $id: 'JobState' },
);

const queued = (object: string) =>
  doneAnswer('The order was taken.', { object, operation: 'flush_async', result: QueuedJob });
const problems = problemAnswers([...CALLER_PROBLEMS, ...BODY_PROBLEMS]);

const LATER = 'The same as a job that is not waited for.';

function flush(id: string, summary: string, body: TSchema, answers: Operation['answers']): readonly Operation[] {
  return [
    {
      id,
      methods: ['delete', 'post'],
      tag: 'Operating',
      summary,
      access: ADMIN,
      bodies: { 'application/json': body },
      answers: { ...problems, ...answers },
    },
  ];
}

/** What can be asked at `/api/v1/cache/flush`. */
export const CACHE_FLUSH_OPERATIONS = flush(
  'flushCache',
  'Ends remembered logins of an account, or of all.',
  CacheFlushBody,
  { 200: doneAnswer('They are ended.', CacheFlush), 500: undoneAnswer(CacheFlush) },
);

/** What can be asked at `/api/v1/cache/flush/async`. */
export const CACHE_FLUSH_LATER_OPERATIONS = flush('flushCacheLater', LATER, CacheFlushBody, { 202: queued('cache') });

/** What can be asked at `/api/v1/bruteforce/flush`. */
export const BRUTEFORCE_FLUSH_OPERATIONS = flush(
  'flushGuesses',
  'Forgets what was counted and blocked of an address, a network or an account.',
  BruteforceFlushBody,
  { 200: doneAnswer('It is forgotten.', BruteforceFlush), 500: undoneAnswer(BruteforceFlush) },
);

/** What can be asked at `/api/v1/bruteforce/flush/async`. */
export const BRUTEFORCE_FLUSH_LATER_OPERATIONS = flush('flushGuessesLater', LATER, BruteforceFlushBody, {
  202: queued('bruteforce'),
});

/** What can be asked at `/api/v1/async/jobs/*`. */
export const JOB_OPERATIONS: readonly Operation[] = [
  {
    id: 'findJob',
    methods: ['get'],
    tag: 'Operating',
    summary: 'What became of a job, for an hour after its last step.',
    access: ADMIN,
    parameters: [{ name: 'jobId', in: 'path', description: 'The id of the job.', schema: Type.String() }],
    answers: {
      ...problemAnswers([...CALLER_PROBLEMS, 404, 500]),
      200: doneAnswer('The job.', { object: 'async', operation: 'status', result: JobState }),
    },
  },
];
