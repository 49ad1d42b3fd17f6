import Type from 'typebox';
import type { Flush } from '../../../decision/operating/flush.ts';
import type { JobQueue } from '../../../decision/operating/job-queue.ts';
import { parseTarget, type Target } from '../../../decision/operating/targets.ts';
import type { Events } from '../../../telemetry/events.ts';
import type { CallerGate } from '../caller-gate.ts';
import type { Door, Exchange } from '../exchange.ts';
import { readJsonBody } from '../json/json-body.ts';
import type { JsonObject } from '../json/json-object.ts';
import { adminDoor, rejectFault, sendEnvelope } from './admin-door.ts';
import { BodyText, type FieldFault, fault, isFault, parseBody } from './body-schema.ts';
import { startJob } from './job-doors.ts';

/** What is counted is looked through as a whole. */
const DEADLINE_MS = 25_000;
const EVERY_RULE = '*';

/** The body of an order to forget guesses. One of address, network and account is required. */
export const BruteforceFlushBody = Type.Object({
  ip_address: BodyText('Address of which nothing is to be left.'),
  network: BodyText('Network in CIDR form, instead of an address.'),
  account: BodyText('Account of which nothing is to be left, by any of its names.'),
  user: BodyText('The same as `account`.'),
  rule_name: BodyText('Only what this rule has counted and blocked; `*`, or none, for all.'),
});

export interface BruteforceFlushParts {
  readonly flush: Flush;
  readonly events: Events;
  /** Who may ask: callers with the scope `admin`; anybody where absent, as on the control socket. */
  readonly gate: CallerGate | undefined;
}

/**
 * `DELETE` or `POST /api/v1/bruteforce/flush` with `ip_address` (or `network`), `account` (or `user`), and `rule_name` (`*`, or
 * none, for all): forgets what was counted and blocked, and without a rule also where the account is known and its remembered
 * logins. Answers 500 where what is shared could not be reached.
 */
export function bruteforceFlushDoor(parts: BruteforceFlushParts): Door {
  return flushDoor('bruteforce-flush', parts, (exchange, _caller, order) => {
    order(AbortSignal.timeout(DEADLINE_MS))
      .then(({ result, problem }) =>
        sendEnvelope(exchange, {
          object: 'bruteforce',
          operation: 'flush',
          result: problem === undefined ? result : { ...result, error: problem },
          status: problem === undefined ? 200 : 500,
        }),
      )
      .catch((cause: unknown) => exchange.fail(cause));
  });
}

/** The same at `/api/v1/bruteforce/flush/async`, answered 202 at once with the id of a job. */
export function bruteforceFlushLaterDoor(parts: BruteforceFlushParts, jobs: JobQueue): Door {
  return flushDoor('bruteforce-flush-async', parts, (exchange, caller, order) => {
    const work = async (signal: AbortSignal) => {
      const { removed, problem } = await order(signal);
      return { count: removed, problem };
    };
    startJob(jobs, exchange, { caller, object: 'bruteforce', type: 'BF_FLUSH', work });
  });
}

interface Asked {
  readonly target: Target;
  readonly rule: string | undefined;
  /** The address by which a network was named. */
  readonly address: string | undefined;
}

interface Flushed {
  readonly result: object;
  /** Blocks, owners, counters and members that are no more. */
  readonly removed: number;
  readonly problem: string | undefined;
}

/** Goes on with an order that can be carried out. */
type Proceed = (exchange: Exchange, caller: string, order: (signal: AbortSignal) => Promise<Flushed>) => void;

function flushDoor(name: string, { flush, events, gate }: BruteforceFlushParts, proceed: Proceed): Door {
  const answer = (exchange: Exchange, caller: string) =>
    readJsonBody(exchange, caller, ({ value }) => {
      const asked = askedOf(value);
      if (isFault(asked)) return rejectFault(exchange, caller, asked);
      const { session } = exchange;
      proceed(exchange, caller, async (signal) => {
        const { rule } = asked;
        const { account, network } = asked.target;
        const { blocks, counted, problem } = await flush({ account, network, rule }, signal);
        events.guessesForgotten({ session, caller, account, network, rule, blocks: blocks.length, counted, problem });
        const keys = blocks.map(({ key }) => key);
        return { result: resultOf(asked, keys, counted), removed: keys.length + counted, problem };
      });
    });
  return adminDoor({ name, methods: ['DELETE', 'POST'], gate, answer });
}

function resultOf({ target, rule, address }: Asked, keys: readonly string[], counted: number): object {
  const removed = keys.length + counted;
  return {
    ip_address: address ?? '',
    network: target.network ?? '',
    account: target.account ?? '',
    rule_name: rule ?? EVERY_RULE,
    removed_keys: keys,
    forgotten: counted,
    status: removed === 0 ? 'not flushed' : `${removed} keys flushed`,
  };
}

function askedOf(sent: JsonObject): Asked | FieldFault {
  const body = parseBody(BruteforceFlushBody, sent);
  if (isFault(body)) return body;
  const { ip_address: address, network = address, user, account = user, rule_name: rule } = body;
  if (network === undefined && account === undefined)
    return fault('ip_address', 'an address, a network or an account is required');
  const target = parseTarget({ network, account });
  if (target.kind === 'wrong')
    return target.of === 'account'
      ? fault('account', 'must be an account name')
      : fault('ip_address', 'must be an IPv4 or IPv6 address, or a network such as 192.0.2.0/24');
  return { target, rule: rule === EVERY_RULE ? undefined : rule, address };
}
