import type { Flush } from '../../../decision/operating/flush.ts';
import { parseTarget, type Target } from '../../../decision/operating/targets.ts';
import type { Events } from '../../../telemetry/events.ts';
import type { CallerGate } from '../caller-gate.ts';
import type { Door, Exchange } from '../exchange.ts';
import { readJsonBody } from '../json/json-body.ts';
import type { JsonObject } from '../json/json-object.ts';
import { adminDoor, sendEnvelope } from './admin-door.ts';
import { type FieldFault, fault, isFault, textFields } from './body-fields.ts';

/** What is counted is looked through as a whole. */
const DEADLINE_MS = 25_000;
const EVERY_RULE = '*';

interface Asked {
  readonly target: Target;
  readonly rule: string | undefined;
}

/**
 * `DELETE` or `POST /api/v1/bruteforce/flush` with `ip_address` (or `network`), `account` (or `user`), and `rule_name` (`*`, or
 * none, for all): forgets what was counted and blocked, and without a rule also where the account is known and its remembered
 * logins. Answers 500 where what is shared could not be reached.
 */
export function bruteforceFlushDoor(flush: Flush, events: Events, gate: CallerGate | undefined): Door {
  const answer = async (exchange: Exchange, caller: string, body: JsonObject) => {
    const asked = askedOf(body);
    if (isFault(asked)) return exchange.reject({ status: 400, error: asked.error, field: asked.field }, caller);
    const { target, rule } = asked;
    const { account, network } = target;
    const { blocks, counted, problem } = await flush({ account, network, rule }, AbortSignal.timeout(DEADLINE_MS));
    const { session } = exchange;
    events.guessesForgotten({ session, caller, account, network, rule, blocks: blocks.length, counted, problem });
    const removed = blocks.length + counted;
    const result = {
      ip_address: network ?? '',
      account: account ?? '',
      rule_name: rule ?? EVERY_RULE,
      removed_keys: blocks.map(({ key }) => key),
      forgotten: counted,
      status: removed === 0 ? 'not flushed' : `${removed} keys flushed`,
      ...(problem === undefined ? {} : { error: problem }),
    };
    sendEnvelope(exchange, {
      object: 'bruteforce',
      operation: 'flush',
      result,
      status: problem === undefined ? 200 : 500,
    });
  };
  return adminDoor({
    name: 'bruteforce-flush',
    methods: ['DELETE', 'POST'],
    gate,
    answer: (exchange, caller) =>
      readJsonBody(exchange, caller, ({ value }) => {
        answer(exchange, caller, value).catch((cause: unknown) => exchange.fail(cause));
      }),
  });
}

function askedOf(body: JsonObject): Asked | FieldFault {
  const texts = textFields(body, ['ip_address', 'network', 'account', 'user', 'rule_name']);
  if (isFault(texts)) return texts;
  const { ip_address: address, network = address, user, account = user, rule_name: rule } = texts;
  if (network === undefined && account === undefined)
    return fault('ip_address', 'an address, a network or an account is required');
  const target = parseTarget({ network, account });
  if (target.kind === 'wrong')
    return target.of === 'account'
      ? fault('account', 'must be an account name')
      : fault('ip_address', 'must be an IPv4 or IPv6 address, or a network such as 192.0.2.0/24');
  return { target, rule: rule === EVERY_RULE ? undefined : rule };
}
