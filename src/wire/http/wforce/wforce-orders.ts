import Type from 'typebox';
import type { Block, BlockBook, BlockTarget } from '../../../decision/operating/block-book.ts';
import type { Flush } from '../../../decision/operating/flush.ts';
import { manualLengths, parseTarget, type Target } from '../../../decision/operating/targets.ts';
import type { Events } from '../../../telemetry/events.ts';
import { accountOf } from '../admin/block-view.ts';
import { BodyText, type FieldFault, fault, isFault, parseBody } from '../admin/body-schema.ts';
import type { WholeExchange } from '../exchange.ts';
import type { JsonObject } from '../json/json-object.ts';
import { doneAnswer, laterAnswer } from './wforce-answer.ts';

/** One thing that operators may do; the body is empty where none was sent. */
export type WforceOrder = (exchange: WholeExchange, caller: string, body: JsonObject) => Promise<void>;

export interface WforceOrdersParts {
  readonly book: BlockBook;
  readonly flush: Flush;
  readonly events: Events;
}

const DEADLINE_MS = 25_000;
const MANUAL = 'manual';
const LONGEST_SECONDS = 10 * 365 * 24 * 60 * 60;
const LONGEST_REASON = 256;
const NO_REASON = "by weakforced's API";

const TargetBody = Type.Object({
  ip: BodyText('Address.'),
  netmask: BodyText('Network in CIDR form.'),
  login: BodyText('Account.'),
});
const BlockBody = Type.Object({
  ...TargetBody.properties,
  reason: BodyText('Why.', LONGEST_REASON),
  expire_secs: Type.Optional(
    Type.Integer({ minimum: 0, maximum: LONGEST_SECONDS, description: 'For how long; 0 for ten years.' }),
  ),
});

/** What operators may do by weakforced's API, by its commands: the same as by our own. */
export function wforceOrders(parts: WforceOrdersParts): ReadonlyMap<string, WforceOrder> {
  return new Map<string, WforceOrder>([
    ['reset', (exchange, caller, body) => reset(parts, exchange, caller, body)],
    ['addBLEntry', (exchange, caller, body) => addBlock(parts, exchange, caller, body)],
    ['delBLEntry', (exchange, caller, body) => removeBlock(parts, exchange, caller, body)],
    ['getBL', (exchange) => listBlocks(parts, exchange)],
  ]);
}

async function reset(
  { flush, events }: WforceOrdersParts,
  exchange: WholeExchange,
  caller: string,
  body: JsonObject,
): Promise<void> {
  const target = targetOf(body);
  if (isFault(target)) return refuse(exchange, caller, target);
  const { account, network } = target;
  const { session } = exchange;
  const { blocks, counted, problem } = await flush({ account, network }, AbortSignal.timeout(DEADLINE_MS));
  events.guessesForgotten({ session, caller, account, network, blocks: blocks.length, counted, problem });
  settle(exchange, problem);
}

async function addBlock(
  { book, events }: WforceOrdersParts,
  exchange: WholeExchange,
  caller: string,
  body: JsonObject,
): Promise<void> {
  const target = blockTargetOf(body);
  const order = isFault(target) ? target : parseBody(BlockBody, body);
  if (isFault(target)) return refuse(exchange, caller, target);
  if (isFault(order)) return refuse(exchange, caller, order);
  const { reason = NO_REASON, expire_secs: seconds = 0 } = order;
  const untilMs = Date.now() + (seconds === 0 ? LONGEST_SECONDS : seconds) * 1000;
  const done = await book.put({ target, untilMs, reason, by: caller }, AbortSignal.timeout(DEADLINE_MS));
  if (done === undefined) {
    const lengths = manualLengths(target.kind === 'network' ? target.network : '');
    return refuse(exchange, caller, fault('netmask', `only networks of ${lengths} can be blocked`));
  }
  const { block, problem } = done;
  events.blockPut({ session: exchange.session, caller, key: block.key, reason, untilMs, problem });
  settle(exchange, problem);
}

async function removeBlock(
  { book, events }: WforceOrdersParts,
  exchange: WholeExchange,
  caller: string,
  body: JsonObject,
): Promise<void> {
  const target = blockTargetOf(body);
  if (isFault(target)) return refuse(exchange, caller, target);
  const of = target.kind === 'account' ? { accounts: [target.account] } : { network: target.network };
  const { blocks, problem } = await book.remove({ ...of, rule: MANUAL }, AbortSignal.timeout(DEADLINE_MS));
  const keys = blocks.map(({ key }) => key);
  events.blocksRemoved({ session: exchange.session, caller, keys, problem });
  settle(exchange, problem);
}

async function listBlocks({ book }: WforceOrdersParts, exchange: WholeExchange): Promise<void> {
  const found = await book.list({}, AbortSignal.timeout(DEADLINE_MS));
  if (found.kind === 'unavailable') return exchange.send(laterAnswer(exchange.session));
  exchange.send(doneAnswer(exchange.session, { bl_entries: found.blocks.map(entryOf) }));
}

const ONE_ADDRESS = /^(.*)\/(?:32|128)$/;

function entryOf({ key, network = '', untilMs, reason }: Block): object {
  const address = ONE_ADDRESS.exec(network)?.[1];
  const whose =
    network === '' ? { login: accountOf(key) } : address === undefined ? { netmask: network } : { ip: address };
  return { ...whose, expiration: new Date(untilMs).toISOString(), reason };
}

function blockTargetOf(body: JsonObject): BlockTarget | FieldFault {
  const target = targetOf(body);
  if (isFault(target)) return target;
  const { account, network } = target;
  if (account !== undefined && network !== undefined)
    return fault('login', 'must not be there beside an address: blocks are of one of them');
  return account === undefined ? { kind: 'network', network: network ?? '' } : { kind: 'account', account };
}

function targetOf(body: JsonObject): Target | FieldFault {
  const texts = parseBody(TargetBody, body);
  if (isFault(texts)) return texts;
  const { ip, netmask, login: account } = texts;
  if (ip !== undefined && netmask !== undefined) return fault('netmask', 'must not be there beside ip');
  if (ip === undefined && netmask === undefined && account === undefined)
    return fault('ip', 'one of ip, netmask and login is required');
  const target = parseTarget({ network: ip ?? netmask, account });
  if (target.kind === 'target') return target;
  if (target.of === 'account') return fault('login', 'must be an account name');
  return fault(ip === undefined ? 'netmask' : 'ip', 'must be an address, or a network in CIDR form');
}

function refuse(exchange: WholeExchange, caller: string, { field, error }: FieldFault): void {
  exchange.reject({ status: 400, error, field }, caller);
}

/** What is shared could not be told: the order holds in this process only. */
function settle(exchange: WholeExchange, problem: string | undefined): void {
  exchange.send(problem === undefined ? doneAnswer(exchange.session) : laterAnswer(exchange.session));
}
