import type { ServerResponse } from 'node:http';
import { sendJson } from './answer.ts';
import type { CallerOutcome, Callers } from './callers.ts';
import type { Door, Exchange } from './exchange.ts';

/** What readiness tells to anybody: names and states, never causes or addresses. */
export interface Readiness {
  readonly isReady: boolean;
  /** True where logins are decided, but what processes share is away. */
  readonly isDegraded?: boolean;
  readonly backends: readonly { readonly name: string; readonly isReady: boolean }[];
  /** Where several processes answer: how many there should be, and how many can decide logins. */
  readonly workers?: { readonly wanted: number; readonly ready: number };
}

/** `GET /healthz/live`: the process answers. */
export function liveDoor(): Door {
  return watchersDoor('health', ({ res }) => sendJson(res, 200, [], '{"status":"ok"}'));
}

/** `GET /healthz/ready`: 200 while logins can be decided, 503 while not. */
export function readyDoor(readiness: () => Readiness): Door {
  return watchersDoor('health', ({ res }) => {
    const { isReady, isDegraded = false, backends, workers } = readiness();
    const states = backends.map((backend) => ({ name: backend.name, status: backend.isReady ? 'ok' : 'down' }));
    sendJson(
      res,
      isReady ? 200 : 503,
      [],
      JSON.stringify({ status: isReady ? (isDegraded ? 'degraded' : 'ok') : 'down', backends: states, workers }),
    );
  });
}

/** `GET /metrics`: Prometheus' text form, for this machine and for callers with the scope `admin`. */
export function metricsDoor(render: () => Promise<string>, contentType: string, callers: Callers): Door {
  const send = async ({ req, res, address, socket }: Exchange) => {
    if (!isLoopback(address)) {
      const outcome = await callers.identify(req.headers.authorization, address, socket);
      if (outcome.kind !== 'caller' || !outcome.caller.scopes.has('admin'))
        return turnAway(res, outcome, callers.challenges);
    }
    const body = await render();
    const length = String(Buffer.byteLength(body));
    res.writeHead(200, ['Content-Type', contentType, 'Cache-Control', 'no-store', 'Content-Length', length]);
    res.end(body);
  };
  return watchersDoor('metrics', (exchange) => {
    send(exchange).catch((cause: unknown) => exchange.fail(cause));
  });
}

const ONLY_ADMIN = '{"error":"metrics are for this machine and for callers with the scope admin"}';

function turnAway(res: ServerResponse, outcome: CallerOutcome, challenges: readonly string[]): void {
  switch (outcome.kind) {
    case 'caller':
    case 'rejected':
      return sendJson(res, 401, challenges, ONLY_ADMIN);
    case 'throttled':
      return sendJson(res, 429, ['Retry-After', String(outcome.retryAfterSeconds)], ONLY_ADMIN);
    case 'unavailable':
      return sendJson(res, 503, [], '{"error":"the caller cannot be checked now"}');
  }
}

/** A door for those who watch the service. It is read only, and open when the service has all it can do. */
function watchersDoor(name: string, answer: (exchange: Exchange) => void): Door {
  return {
    name,
    isOpenUnderLoad: true,
    open(exchange) {
      const { method } = exchange.req;
      if (method === 'GET' || method === 'HEAD') answer(exchange);
      else sendJson(exchange.res, 405, ['Allow', 'GET, HEAD'], '{"error":"only GET is allowed"}');
    },
  };
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
