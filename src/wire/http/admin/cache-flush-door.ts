import { type AccountName, parseAccountName } from '../../../login/account-name.ts';
import type { Events } from '../../../telemetry/events.ts';
import { sendJson } from '../answer.ts';
import type { CallerGate } from '../caller-gate.ts';
import type { Door, Exchange } from '../exchange.ts';
import { readJsonBody } from '../json/json-body.ts';

/** Ends what is remembered of an account, or of all with `undefined`. Gives what could not be reached, for operators. */
export type FlushCache = (account: AccountName | undefined) => Promise<string | undefined>;

const EVERYBODY = '*';

/**
 * `DELETE` or `POST /api/v1/cache/flush` with `{"user": "NAME"}`, or `"*"` for all: ends remembered logins here and everywhere.
 * Answers 200 with `session`, `object`, `operation` and `result`; 500 where what is shared could not be told.
 *
 * @param gate who may ask: callers with the scope `admin`; anybody where absent, as on the control socket
 */
export function cacheFlushDoor(flush: FlushCache, events: Events, gate: CallerGate | undefined): Door {
  const read = (exchange: Exchange, caller: string) =>
    readJsonBody(exchange, caller, ({ value }) => {
      const user = value['user'];
      const name = typeof user === 'string' && user !== EVERYBODY ? parseAccountName(user) : undefined;
      if (user !== EVERYBODY && name === undefined)
        return exchange.reject({ status: 400, error: 'user: must be an account name, or *', field: 'user' }, caller);
      flush(name)
        .then((problem) => answer(exchange, { user: name ?? EVERYBODY, problem, caller, events }))
        .catch((cause: unknown) => exchange.fail(cause));
    });
  return {
    name: 'cache-flush',
    open(exchange) {
      const { method } = exchange.req;
      if (method !== 'DELETE' && method !== 'POST')
        return exchange.reject({
          status: 405,
          error: 'only DELETE and POST are allowed',
          headers: ['Allow', 'DELETE, POST'],
        });
      if (gate === undefined) return read(exchange, 'control');
      gate.enter(exchange, (caller) => {
        if (gate.holds(exchange, caller, 'admin')) read(exchange, caller.name);
      });
    },
  };
}

interface Flushed {
  readonly user: string;
  readonly problem: string | undefined;
  readonly caller: string;
  readonly events: Events;
}

function answer({ res, session }: Exchange, { user, problem, caller, events }: Flushed): void {
  events.cacheFlushed({ session, caller, account: user, problem });
  const result =
    problem === undefined ? { user, status: 'flushed' } : { user, status: 'flushed here only', error: problem };
  const body = JSON.stringify({ session, object: 'cache', operation: 'flush', result });
  sendJson(res, problem === undefined ? 200 : 500, ['X-Nauthilus-Session', session], body);
}
