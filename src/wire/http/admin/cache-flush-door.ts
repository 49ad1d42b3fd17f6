import Type from 'typebox';
import type { JobQueue } from '../../../decision/operating/job-queue.ts';
import { type AccountName, parseAccountName } from '../../../login/account-name.ts';
import type { Events } from '../../../telemetry/events.ts';
import type { CallerGate } from '../caller-gate.ts';
import type { Door, Exchange } from '../exchange.ts';
import { readJsonBody } from '../json/json-body.ts';
import { adminDoor, rejectFault, sendEnvelope } from './admin-door.ts';
import { BodyText, fault, isFault, parseBody } from './body-schema.ts';
import { startJob } from './job-doors.ts';

/** Ends what is remembered of an account, or of all with `undefined`. Gives what could not be reached, for operators. */
export type FlushCache = (account: AccountName | undefined) => Promise<string | undefined>;

const EVERYBODY = '*';

/** The body of an order to forget logins. */
export const CacheFlushBody = Type.Object({
  user: BodyText('Account, or a login name, whose remembered logins end; `*` for all. Required.'),
});

export interface CacheFlushParts {
  readonly flush: FlushCache;
  readonly events: Events;
  /** Who may ask: callers with the scope `admin`; anybody where absent, as on the control socket. */
  readonly gate: CallerGate | undefined;
}

/**
 * `DELETE` or `POST /api/v1/cache/flush` with `{"user": "NAME"}`, or `"*"` for all: ends remembered logins here and everywhere.
 * Answers 200 with `session`, `object`, `operation` and `result`; 500 where what is shared could not be told.
 */
export function cacheFlushDoor(parts: CacheFlushParts): Door {
  return flushDoor('cache-flush', parts, (exchange, caller, order) => {
    order()
      .then(({ result, problem }) =>
        sendEnvelope(exchange, {
          object: 'cache',
          operation: 'flush',
          result: problem === undefined ? result : { ...result, error: problem },
          status: problem === undefined ? 200 : 500,
        }),
      )
      .catch((cause: unknown) => exchange.fail(cause));
  });
}

/** The same at `/api/v1/cache/flush/async`, answered 202 at once with the id of a job. */
export function cacheFlushLaterDoor(parts: CacheFlushParts, jobs: JobQueue): Door {
  return flushDoor('cache-flush-async', parts, (exchange, caller, order) => {
    const work = async () => {
      const { result, problem } = await order();
      return { count: result.removed_keys.length, problem };
    };
    startJob(jobs, exchange, { caller, object: 'cache', type: 'CACHE_FLUSH', work });
  });
}

interface Flushed {
  readonly result: { readonly user: string; readonly removed_keys: readonly string[]; readonly status: string };
  readonly problem: string | undefined;
}

/** Goes on with an order that can be carried out. */
type Proceed = (exchange: Exchange, caller: string, order: () => Promise<Flushed>) => void;

function flushDoor(name: string, { flush, events, gate }: CacheFlushParts, proceed: Proceed): Door {
  const answer = (exchange: Exchange, caller: string) =>
    readJsonBody(exchange, caller, ({ value }) => {
      const body = parseBody(CacheFlushBody, value);
      if (isFault(body)) return rejectFault(exchange, caller, body);
      const { user } = body;
      const account = user === undefined || user === EVERYBODY ? undefined : parseAccountName(user);
      if (user !== EVERYBODY && account === undefined)
        return rejectFault(exchange, caller, fault('user', 'must be an account name, or *'));
      const { session } = exchange;
      proceed(exchange, caller, async () => {
        const problem = await flush(account);
        events.cacheFlushed({ session, caller, account: account ?? EVERYBODY, problem });
        return { result: resultOf(account ?? EVERYBODY), problem };
      });
    });
  return adminDoor({ name, methods: ['DELETE', 'POST'], gate, answer });
}

/** What is remembered is made void and not looked for, so that there is no telling whether there was any. */
function resultOf(user: string): Flushed['result'] {
  const keys = [`login:${user}`, `look-up:${user}`];
  return { user, removed_keys: keys, status: `${keys.length} keys flushed` };
}
