import Type, { type TSchema } from 'typebox';
import type { Operation, Parameter } from '../openapi/operation.ts';
import { BODY_PROBLEMS, CALLER_PROBLEMS, problemAnswers } from '../openapi/problem-answers.ts';
import { BlockBody, UnblockBody } from './block-door.ts';
import { BruteforceListBody } from './bruteforce-list-door.ts';
import { doneAnswer, ErrorText, Moment, undoneAnswer } from './envelope-shapes.ts';

const ADMIN = { kind: 'caller', scopes: ['admin'] } as const;
const orNull = (schema: TSchema) => Type.Union([schema, Type.Null()]);

const BLOCK = {
  key: Type.String({ description: 'What it is found by.' }),
  network: orNull(Type.String()),
  account: orNull(Type.String()),
  bucket: Type.String({ description: 'The rule; `manual` for blocks by hand.' }),
  scope: Type.String(),
  ban_time: orNull(Type.Integer({ description: 'How long it lasts, in seconds.' })),
  ttl: Type.Integer({ description: 'Seconds that are left.', minimum: 0 }),
  banned_at: orNull(Moment('When it began.')),
  until: Moment('When it ends.'),
  reason: Type.String(),
  by: Type.String({ description: 'Who blocked.' }),
};
const BlockState = Type.Object(BLOCK, { $id: 'Block' });
const BlockDone = Type.Object({ ...BLOCK, error: ErrorText });

const Page = Type.Optional(
  Type.Object(
    { limit: Type.Integer(), offset: Type.Integer(), next_offset: Type.Integer(), has_more: Type.Boolean() },
    { $id: 'Page', description: 'There where pages were asked for, or not all is shown.' },
  ),
);
/** An array of two (JSON Schema 2020-12 10.3.1.1). */
function bothParts(first: TSchema, second: TSchema): TSchema {
  return Type.Unsafe<unknown>({ type: 'array', prefixItems: [first, second], items: false, minItems: 2 });
}

const ListError = orNull(Type.String({ description: 'Why the list is not whole.' }));

const List = {
  object: 'bruteforce',
  operation: 'list',
  result: bothParts(
    Type.Object({ entries: Type.Array(BlockState), page: Page, error: ErrorText }),
    Type.Object({
      accounts: Type.Record(Type.String(), Type.Array(Type.String()), {
        description: 'Accounts that are blocked themselves.',
      }),
      page: Page,
      error: ListError,
    }),
  ),
};
const Put = { object: 'block', operation: 'add', result: BlockDone };
const Removal = {
  object: 'block',
  operation: 'remove',
  result: Type.Object({
    removed: Type.Array(BlockState),
    status: Type.String({ description: '`not blocked`, or how many blocks were ended.' }),
    error: ErrorText,
  }),
};

const PAGE: readonly Parameter[] = [
  {
    name: 'limit',
    in: 'query',
    description: 'Entries of a page.',
    schema: Type.Integer({ minimum: 1, maximum: 1000 }),
  },
  { name: 'offset', in: 'query', description: 'Entries to leave out.', schema: Type.Integer({ minimum: 0 }) },
];
const { accounts, ip_addresses: addresses, network, rule } = BruteforceListBody.properties;
const CHOICE: readonly Parameter[] = [
  { name: 'account', in: 'query', description: 'As `accounts` of a body; may be repeated.', schema: accounts },
  { name: 'ip_address', in: 'query', description: 'As `ip_addresses` of a body; may be repeated.', schema: addresses },
  { name: 'network', in: 'query', description: 'As in a body.', schema: network },
  { name: 'rule', in: 'query', description: 'As in a body.', schema: rule },
];

const withBody = problemAnswers([...CALLER_PROBLEMS, ...BODY_PROBLEMS]);

/** What can be asked at `/api/v1/bruteforce/list`. */
export const BRUTEFORCE_LIST_OPERATIONS: readonly Operation[] = [
  {
    id: 'listBlocks',
    methods: ['get'],
    tag: 'Operating',
    summary: 'Blocks in force, the latest first.',
    access: ADMIN,
    parameters: [...CHOICE, ...PAGE],
    answers: {
      ...problemAnswers([...CALLER_PROBLEMS, 400]),
      200: doneAnswer('The blocks.', List),
      500: undoneAnswer(List),
    },
  },
  {
    id: 'findBlocks',
    methods: ['post'],
    tag: 'Operating',
    summary: 'The same, chosen by a body.',
    access: ADMIN,
    parameters: PAGE,
    bodies: { 'application/json': BruteforceListBody },
    answers: { ...withBody, 200: doneAnswer('The blocks.', List), 500: undoneAnswer(List) },
  },
];

/** What can be asked at `/api/v1/block`. */
export const BLOCK_OPERATIONS: readonly Operation[] = [
  {
    id: 'block',
    methods: ['post'],
    tag: 'Operating',
    summary: 'Blocks an address, a network or an account by hand.',
    access: ADMIN,
    bodies: { 'application/json': BlockBody },
    answers: { ...withBody, 200: doneAnswer('The block.', Put), 500: undoneAnswer(Put) },
  },
  {
    id: 'unblock',
    methods: ['delete'],
    tag: 'Operating',
    summary: 'Ends blocks, and forgets what their rules have counted.',
    access: ADMIN,
    bodies: { 'application/json': UnblockBody },
    answers: { ...withBody, 200: doneAnswer('The blocks that were ended.', Removal), 500: undoneAnswer(Removal) },
  },
];
