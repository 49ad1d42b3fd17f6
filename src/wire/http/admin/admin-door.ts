import { sendJson } from '../answer.ts';
import type { CallerGate } from '../caller-gate.ts';
import type { Door, Exchange } from '../exchange.ts';
import type { FieldFault } from './body-schema.ts';

export interface AdminDoorParts {
  readonly name: string;
  readonly methods: readonly string[];
  /** Who may ask: callers with the scope `admin`; anybody where absent, as on the control socket. */
  readonly gate: CallerGate | undefined;
  /** Answers, now or later. What it throws, or rejects with, ends the exchange. */
  readonly answer: (exchange: Exchange, caller: string) => void | Promise<void>;
}

/** What stands for the caller over the control socket. */
const OWNER = 'control';

/** A door for operators. */
export function adminDoor({ name, methods, gate, answer }: AdminDoorParts): Door {
  const admit = (exchange: Exchange, caller: string) => {
    Promise.resolve(answer(exchange, caller)).catch((cause: unknown) => exchange.fail(cause));
  };
  const only = methods.length === 1 ? `only ${methods[0]} is allowed` : `only ${methods.join(' and ')} are allowed`;
  return {
    name,
    open(exchange) {
      if (!methods.includes(exchange.req.method ?? ''))
        return exchange.reject({ status: 405, error: only, headers: ['Allow', methods.join(', ')] });
      if (gate === undefined) return admit(exchange, OWNER);
      gate.enter(exchange, (caller) => {
        if (gate.holds(exchange, caller, 'admin')) admit(exchange, caller.name);
      });
    },
  };
}

/** Answers 400 and names the field. */
export function rejectFault(exchange: Exchange, caller: string, { field, error }: FieldFault): void {
  exchange.reject({ status: 400, error, field }, caller);
}

export interface Envelope {
  readonly object: string;
  readonly operation: string;
  readonly result: unknown;
  /** 200 where absent. */
  readonly status?: number | undefined;
}

/** Answers in the form of the management interface: `session`, `object`, `operation` and `result`. */
export function sendEnvelope({ res, session }: Exchange, { object, operation, result, status = 200 }: Envelope): void {
  sendJson(res, status, ['X-Nauthilus-Session', session], JSON.stringify({ session, object, operation, result }));
}
