import Type from 'typebox';
import type { Block, BlockBook, BlockQuery } from '../../../decision/operating/block-book.ts';
import { type AccountName, parseAccountName } from '../../../login/account-name.ts';
import { type ClientAddress, parseClientAddress } from '../../../login/client-address.ts';
import { parseTarget } from '../../../decision/operating/targets.ts';
import type { CallerGate } from '../caller-gate.ts';
import type { Door, Exchange } from '../exchange.ts';
import { readJsonBody } from '../json/json-body.ts';
import type { JsonObject } from '../json/json-object.ts';
import { adminDoor, rejectFault, sendEnvelope } from './admin-door.ts';
import { accountOf, viewOf } from './block-view.ts';
import { BodyText, BodyTexts, type FieldFault, fault, isFault, parseBody } from './body-schema.ts';

const DEADLINE_MS = 10_000;
const MOST_WITHOUT_PAGES = 10_000;
const MOST_OF_A_PAGE = 1000;
const USUAL_PAGE = 100;

/** Which blocks are asked for: all that is given must be so. */
export const BruteforceListBody = Type.Object({
  accounts: BodyTexts('Accounts that are blocked themselves.'),
  ip_addresses: BodyTexts('Blocks that hold against any of these addresses.'),
  network: BodyText('Exactly this network, in CIDR form.'),
  rule: BodyText('The rule that blocked; `manual` for blocks by hand.'),
});

interface Page {
  readonly limit: number;
  readonly offset: number;
  readonly isAskedFor: boolean;
}

/**
 * `GET` or `POST /api/v1/bruteforce/list`: blocks in force, the latest first. The body of a POST, or the query of a GET, says which:
 * `accounts`, `ip_addresses`, `network`, `rule`. With `?limit=` and `?offset=` they come in pages. The result has two parts:
 * `entries`, and `accounts` that are blocked themselves.
 *
 * @param now wall clock in milliseconds
 */
export function bruteforceListDoor(book: BlockBook, gate: CallerGate | undefined, now: () => number = Date.now): Door {
  const answer = async (exchange: Exchange, caller: string, body: JsonObject) => {
    const query = queryOf(body);
    const page = pageOf(new URLSearchParams(exchange.query));
    if (isFault(query)) return rejectFault(exchange, caller, query);
    if (isFault(page)) return rejectFault(exchange, caller, page);
    const listed = await book.list(query, AbortSignal.timeout(DEADLINE_MS));
    const isListed = listed.kind === 'blocks';
    const result = resultOf(isListed ? listed.blocks : [], page, now());
    const parts = isListed ? result : result.map((part) => ({ ...part, error: listed.detail }));
    sendEnvelope(exchange, {
      object: 'bruteforce',
      operation: 'list',
      result: parts,
      status: isListed ? 200 : 500,
    });
  };
  return adminDoor({
    name: 'bruteforce-list',
    methods: ['GET', 'POST'],
    gate,
    answer(exchange, caller) {
      if (exchange.req.method === 'GET') return answer(exchange, caller, bodyOf(new URLSearchParams(exchange.query)));
      return readJsonBody(exchange, caller, ({ value }) => {
        answer(exchange, caller, value).catch((cause: unknown) => exchange.fail(cause));
      });
    },
  });
}

/** What a GET asks for in its query. */
function bodyOf(query: URLSearchParams): JsonObject {
  return {
    accounts: query.getAll('account'),
    ip_addresses: query.getAll('ip_address'),
    network: query.get('network'),
    rule: query.get('rule'),
  };
}

function queryOf(body: JsonObject): BlockQuery | FieldFault {
  const read = parseBody(BruteforceListBody, body);
  if (isFault(read)) return read;
  const { accounts: names, ip_addresses: texts, network, rule } = read;
  const accounts = all(names, parseAccountName);
  if (accounts === 'wrong') return fault('accounts', 'must be account names');
  const addresses = all(texts, parseClientAddress);
  if (addresses === 'wrong') return fault('ip_addresses', 'must be IPv4 or IPv6 addresses');
  const target = parseTarget({ network });
  if (target.kind === 'wrong') return fault('network', 'must be a network, such as 192.0.2.0/24');
  return { accounts, addresses, network: target.network, rule };
}

function all<Read extends AccountName | ClientAddress>(
  texts: readonly string[] | undefined,
  parse: (text: string) => Read | undefined,
): readonly Read[] | undefined | 'wrong' {
  const read = texts?.map(parse);
  if (read === undefined) return undefined;
  return read.every((one) => one !== undefined) ? read : 'wrong';
}

function pageOf(query: URLSearchParams): Page | FieldFault {
  const isAskedFor = query.has('limit') || query.has('offset');
  const limit = Number(query.get('limit') ?? (isAskedFor ? USUAL_PAGE : MOST_WITHOUT_PAGES));
  const offset = Number(query.get('offset') ?? 0);
  if (!Number.isInteger(limit) || limit < 1 || (isAskedFor && limit > MOST_OF_A_PAGE))
    return fault('limit', `must be a whole number from 1 to ${MOST_OF_A_PAGE}`);
  if (!Number.isSafeInteger(offset) || offset < 0) return fault('offset', 'must be a whole number, 0 or more');
  return { limit, offset, isAskedFor };
}

function resultOf(blocks: readonly Block[], { limit, offset, isAskedFor }: Page, nowMs: number): readonly object[] {
  const shown = blocks.slice(offset, offset + limit);
  const hasMore = offset + shown.length < blocks.length;
  const page =
    isAskedFor || hasMore ? { page: { limit, offset, next_offset: offset + shown.length, has_more: hasMore } } : {};
  const accounts = Object.fromEntries(shown.flatMap(({ key }) => accountOf(key) ?? []).map((name) => [name, []]));
  return [
    { entries: shown.map((block) => viewOf(block, nowMs)), ...page },
    // Older clients look for it in this part, whether or not there is one.
    { accounts, ...page, error: null },
  ];
}
