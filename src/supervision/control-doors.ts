import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Events } from '../telemetry/events.ts';
import type { Log } from '../telemetry/log.ts';
import { answerControl } from '../wire/control/answer-control.ts';
import { ControlSocket, ControlSocketError } from '../wire/control/control-socket.ts';
import { sendJson } from '../wire/http/answer.ts';
import type { Door, Exchange } from '../wire/http/exchange.ts';
import { Router } from '../wire/http/router.ts';
import type { ReloadOutcome } from './reloads.ts';

/** What the process that looks after the service answers itself. */
export interface ControlParts {
  readonly reload: () => Promise<ReloadOutcome>;
  readonly status: () => object;
  /** Answers paths of the parts that the configuration made. */
  readonly others: (req: IncomingMessage, res: ServerResponse) => void;
  readonly events: Events;
}

type Answer = (req: IncomingMessage, res: ServerResponse) => void;

const MAX_REQUESTS = 64;

/** Opens the control socket. A service that cannot have the usual one goes on without, unless another service has it. */
export async function openControl(config: Config, log: Log, parts: ControlParts): Promise<ControlSocket | undefined> {
  try {
    return await ControlSocket.open(config.control.socket, controlAnswer(parts));
  } catch (cause) {
    if (!(cause instanceof ControlSocketError)) throw cause;
    if (config.control.isNamed || cause.isTaken) throw ConfigError.at(config, 'control.socket', cause.message);
    log.warn({ error: cause.message }, 'no control socket: commands cannot reach this service, signals can');
    return undefined;
  }
}

function controlAnswer({ reload, status, others, events }: ControlParts): Answer {
  const doors = new Map<string, Door>([
    ['/api/v1/reload', door('POST', (exchange) => reload().then((outcome) => sendOutcome(exchange, outcome)))],
    ['/api/v1/status', door('GET', ({ res }) => sendJson(res, 200, [], JSON.stringify(status())))],
  ]);
  const router = new Router({ doors, events, maxRequests: MAX_REQUESTS });
  return (req, res) => {
    const [path = ''] = (req.url ?? '').split('?');
    if (doors.has(path)) answerControl(router, req, res);
    else others(req, res);
  };
}

function door(method: 'GET' | 'POST', answer: (exchange: Exchange) => void | Promise<void>): Door {
  return {
    name: 'control',
    open(exchange) {
      if (exchange.req.method !== method)
        return sendJson(exchange.res, 405, ['Allow', method], `{"error":"only ${method} is allowed"}`);
      Promise.resolve(answer(exchange)).catch((cause: unknown) => exchange.fail(cause));
    },
  };
}

const UNUSABLE = 422;

function sendOutcome({ res }: Exchange, outcome: ReloadOutcome): void {
  sendJson(res, outcome.kind === 'reloaded' ? 200 : UNUSABLE, [], JSON.stringify(outcome));
}
