import type { Decide } from '../../../decision/authenticate.ts';
import type { Attempt, Mode } from '../../../login/attempt.ts';
import type { Decision } from '../../../login/verdict.ts';
import type { Events } from '../../../telemetry/events.ts';
import type { Problem } from '../answer.ts';
import { CallerGate } from '../caller-gate.ts';
import type { Caller, Callers } from '../callers.ts';
import type { WholeExchange } from '../exchange.ts';
import { isProblem, rejectionOf } from '../json/request.ts';
import { whenDecided } from '../door/when-decided.ts';
import { HeaderFields } from './header-fields.ts';
import type { RequestHeadersConfig } from './request-headers-config.ts';

export interface HeaderQuestionsParts {
  readonly callers: Callers;
  readonly decide: Decide;
  readonly events: Events;
  readonly names: RequestHeadersConfig;
}

/** Looks at a question before it is decided. Answers itself, and gives true, where nothing is to be decided. */
type Screen = (exchange: WholeExchange, caller: string) => boolean;

/** Sends what was decided. What it throws, or its promise is rejected with, ends the exchange. */
type Settle = (attempt: Attempt, decision: Decision) => Promise<void> | void;

const USER_AGENT_LENGTH = 256;

/** Asks what request headers ask: the part that the header door and the nginx door have in common. */
export class HeaderQuestions {
  readonly fields: HeaderFields;
  readonly #parts: HeaderQuestionsParts;
  readonly #gate: CallerGate;
  readonly #screen: Screen;

  constructor(parts: HeaderQuestionsParts, screen: Screen = () => false) {
    this.#parts = parts;
    this.#screen = screen;
    this.#gate = new CallerGate(parts.callers, parts.events);
    this.fields = new HeaderFields(parts.names);
  }

  /** Hands the decision on, once it is logged and counted; answers itself where there is none. */
  ask(exchange: WholeExchange, settle: Settle): void {
    this.#gate.enter(exchange, (caller) => {
      const mode = modeOf(exchange);
      if (typeof mode === 'object') return exchange.reject(mode, caller.name);
      if (!this.#gate.holds(exchange, caller, mode === 'look-up' ? 'lookup' : 'authenticate')) return;
      if (!this.#screen(exchange, caller.name)) this.#decide(exchange, caller, mode, settle);
    });
  }

  #decide(exchange: WholeExchange, caller: Caller, mode: Mode, settle: Settle): void {
    const { headers, session } = exchange;
    const userAgent = headers['user-agent']?.slice(0, USER_AGENT_LENGTH);
    const attempt = this.fields.parse(headers, { session, mode, caller: caller.name, userAgent });
    if (isProblem(attempt)) return exchange.reject(rejectionOf(attempt), caller.name);
    whenDecided(exchange, this.#parts.decide(attempt), (decision) => {
      this.#parts.events.decided(attempt, decision);
      return settle(attempt, decision);
    });
  }
}

function modeOf({ method, query }: WholeExchange): Mode | Problem {
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST')
    return { status: 405, error: 'only GET, HEAD and POST are allowed', headers: ['Allow', 'GET, HEAD, POST'] };
  if (query === '') return 'authenticate';
  if (query === 'mode=no-auth') return 'look-up';
  const modes = new URLSearchParams(query).getAll('mode');
  if (modes.length > 1) return { status: 400, error: 'mode: is given twice', field: 'mode' };
  const [mode = ''] = modes;
  if (mode === '') return 'authenticate';
  if (mode === 'no-auth') return 'look-up';
  return { status: 400, error: 'mode: must be no-auth, or be left out', field: 'mode' };
}
