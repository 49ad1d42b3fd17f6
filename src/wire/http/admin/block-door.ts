import Type from 'typebox';
import type { BlockBook, BlockQuery, BlockTarget } from '../../../decision/operating/block-book.ts';
import { manualLengths, parseTarget, type Target } from '../../../decision/operating/targets.ts';
import { type ClientAddress, parseClientAddress } from '../../../login/client-address.ts';
import type { Events } from '../../../telemetry/events.ts';
import type { CallerGate } from '../caller-gate.ts';
import type { Door, Exchange } from '../exchange.ts';
import { readJsonBody } from '../json/json-body.ts';
import type { JsonObject } from '../json/json-object.ts';
import { adminDoor, rejectFault, sendEnvelope } from './admin-door.ts';
import { viewOf } from './block-view.ts';
import { BodyCount, BodyText, type FieldFault, fault, isFault, parseBody } from './body-schema.ts';

const DEADLINE_MS = 25_000;
const LONGEST_REASON = 256;
const LONGEST_MS = 10 * 366 * 24 * 60 * 60 * 1000;

const WHOM = {
  ip_address: BodyText('Address.'),
  network: BodyText('Network in CIDR form.'),
  account: BodyText('Account.'),
  user: BodyText('The same as `account`.'),
};

/** The body of an order to block. One of address, network and account is required, and an end. */
export const BlockBody = Type.Object({
  ...WHOM,
  reason: BodyText('Why, for other operators. Required.', LONGEST_REASON),
  until: BodyText('The end, as ISO 8601; within ten years.'),
  ttl: BodyCount('The end, in seconds from now, instead of `until`.', 1, LONGEST_MS / 1000),
});

/** The body of an order to end blocks: all that is given must be so, and something has to be. */
export const UnblockBody = Type.Object({
  ...WHOM,
  rule: BodyText('The rule that blocked; `manual` for blocks by hand.'),
});

type Whom = Pick<Type.Static<typeof UnblockBody>, keyof typeof WHOM>;

interface Order {
  readonly target: BlockTarget;
  readonly untilMs: number;
  readonly reason: string;
}

/**
 * `POST /api/v1/block` blocks by hand: `ip_address`, `network` or `account`, with a `reason` and an end, `until` (ISO 8601) or `ttl`
 * (seconds). `DELETE` ends blocks, by `ip_address` (all that hold against it), `network` (exactly this one), `account` or `rule`.
 *
 * @param now wall clock in milliseconds
 */
export function blockDoor(
  book: BlockBook,
  events: Events,
  gate: CallerGate | undefined,
  now: () => number = Date.now,
): Door {
  const put = async (exchange: Exchange, caller: string, body: JsonObject) => {
    const order = orderOf(body, now());
    if (isFault(order)) return rejectFault(exchange, caller, order);
    const done = await book.put({ ...order, by: caller }, AbortSignal.timeout(DEADLINE_MS));
    if (done === undefined) {
      const network = order.target.kind === 'network' ? order.target.network : '';
      const lengths = manualLengths(network);
      return exchange.reject(
        { status: 400, error: `network: only networks of ${lengths} can be blocked by hand`, field: 'network' },
        caller,
      );
    }
    const { block, problem } = done;
    events.blockPut({
      session: exchange.session,
      caller,
      key: block.key,
      reason: block.reason,
      untilMs: block.untilMs,
      problem,
    });
    const result = { ...viewOf(block, now()), ...(problem === undefined ? {} : { error: problem }) };
    sendEnvelope(exchange, { object: 'block', operation: 'add', result, status: problem === undefined ? 200 : 500 });
  };
  const remove = async (exchange: Exchange, caller: string, body: JsonObject) => {
    const query = queryOf(body);
    if (isFault(query)) return rejectFault(exchange, caller, query);
    const { blocks, problem } = await book.remove(query, AbortSignal.timeout(DEADLINE_MS));
    const keys = blocks.map(({ key }) => key);
    events.blocksRemoved({ session: exchange.session, caller, keys, problem });
    const result = {
      removed: blocks.map((block) => viewOf(block, now())),
      status: keys.length === 0 ? 'not blocked' : `${keys.length} blocks ended`,
      ...(problem === undefined ? {} : { error: problem }),
    };
    sendEnvelope(exchange, { object: 'block', operation: 'remove', result, status: problem === undefined ? 200 : 500 });
  };
  return adminDoor({
    name: 'block',
    methods: ['POST', 'DELETE'],
    gate,
    answer: (exchange, caller) =>
      readJsonBody(exchange, caller, ({ value }) => {
        const act = exchange.req.method === 'POST' ? put : remove;
        act(exchange, caller, value).catch((cause: unknown) => exchange.fail(cause));
      }),
  });
}

function orderOf(sent: JsonObject, nowMs: number): Order | FieldFault {
  const body = parseBody(BlockBody, sent);
  if (isFault(body)) return body;
  const target = targetOf(body);
  if (isFault(target)) return target;
  const { account, network } = target;
  if ((account === undefined) === (network === undefined))
    return fault('ip_address', 'one of ip_address, network and account is required');
  const { reason } = body;
  if (reason === undefined) return fault('reason', 'is required');
  const untilMs = endOf(body, nowMs);
  if (isFault(untilMs)) return untilMs;
  if (account !== undefined) return { target: { kind: 'account', account }, reason, untilMs };
  return { target: { kind: 'network', network: network ?? '' }, reason, untilMs };
}

function endOf({ until, ttl }: Type.Static<typeof BlockBody>, nowMs: number): number | FieldFault {
  if (ttl === undefined) return until === undefined ? fault('until', 'is required, or ttl') : endAt(until, nowMs);
  return until === undefined ? nowMs + ttl * 1000 : fault('ttl', 'must not be there beside until');
}

function endAt(until: string, nowMs: number): number | FieldFault {
  const untilMs = /^\d{4}-\d{2}-\d{2}/.test(until) ? Date.parse(until) : Number.NaN;
  if (Number.isNaN(untilMs)) return fault('until', 'must be a time in ISO 8601, such as 2030-01-07T12:00:00Z');
  if (untilMs <= nowMs) return fault('until', 'must be a time to come');
  return untilMs > nowMs + LONGEST_MS ? fault('until', 'must be within ten years') : untilMs;
}

function queryOf(sent: JsonObject): BlockQuery | FieldFault {
  const body = parseBody(UnblockBody, sent);
  if (isFault(body)) return body;
  const target = targetOf(body);
  if (isFault(target)) return target;
  const { ip_address: text, rule } = body;
  const address: ClientAddress | undefined = text === undefined ? undefined : parseClientAddress(text);
  const { account, network } = target;
  if (account === undefined && network === undefined && rule === undefined)
    return fault('ip_address', 'one of ip_address, network, account and rule is required');
  return {
    accounts: account === undefined ? undefined : [account],
    addresses: address === undefined ? undefined : [address],
    network: address === undefined ? network : undefined,
    rule,
  };
}

function targetOf(body: Whom): Target | FieldFault {
  const { ip_address: address, network = address, user, account = user } = body;
  if (address !== undefined && parseClientAddress(address) === undefined)
    return fault('ip_address', 'must be an IPv4 or IPv6 address');
  const target = parseTarget({ network, account });
  if (target.kind === 'target') return target;
  if (target.of === 'account') return fault('account', 'must be an account name');
  return fault('network', 'must be a network, such as 192.0.2.0/24');
}
