import type { ServerResponse } from 'node:http';
import { sendJson } from './answer.ts';
import type { Callers } from './callers.ts';
import type { Door, Exchange } from './exchange.ts';

/** What readiness tells to anybody: names and states, never causes or addresses. */
export interface Readiness {
  readonly isReady: boolean;
  readonly backends: readonly { readonly name: string; readonly isReady: boolean }[];
}

/** `GET /healthz/live`: the process answers. */
export function liveDoor(): Door {
  return {
    name: 'health',
    open: ({ req, res }) => answerGet(req.method, res, () => sendJson(res, 200, [], '{"status":"ok"}')),
  };
}

/** `GET /healthz/ready`: 200 while logins can be decided, 503 while not. */
export function readyDoor(readiness: () => Readiness): Door {
  return {
    name: 'health',
    open: ({ req, res }) =>
      answerGet(req.method, res, () => {
        const { isReady, backends } = readiness();
        const states = backends.map((backend) => ({ name: backend.name, status: backend.isReady ? 'ok' : 'down' }));
        sendJson(res, isReady ? 200 : 503, [], JSON.stringify({ status: isReady ? 'ok' : 'down', backends: states }));
      }),
  };
}

/** `GET /metrics`: Prometheus' text form, for this machine and for callers with the scope `admin`. */
export function metricsDoor(render: () => Promise<string>, contentType: string, callers: Callers): Door {
  const send = async ({ req, res, address }: Exchange) => {
    const caller = isLoopback(address) ? undefined : await callers.identify(req.headers.authorization, address);
    if (caller !== undefined && (caller.kind !== 'caller' || !caller.caller.scopes.has('admin'))) {
      const challenge = ['WWW-Authenticate', 'Basic realm="nauthilus", charset="UTF-8"'];
      return sendJson(
        res,
        401,
        challenge,
        '{"error":"metrics are for this machine and for callers with the scope admin"}',
      );
    }
    const body = await render();
    res.writeHead(200, [
      'Content-Type',
      contentType,
      'Cache-Control',
      'no-store',
      'Content-Length',
      String(Buffer.byteLength(body)),
    ]);
    res.end(body);
  };
  return {
    name: 'metrics',
    open: (exchange) =>
      answerGet(
        exchange.req.method,
        exchange.res,
        () => void send(exchange).catch((cause: unknown) => exchange.fail(cause)),
      ),
  };
}

function answerGet(
  method: string | undefined,
  res: ServerResponse,
  answer: () => void | Promise<void>,
): void | Promise<void> {
  if (method === 'GET' || method === 'HEAD') return answer();
  return sendJson(res, 405, ['Allow', 'GET, HEAD'], '{"error":"only GET is allowed"}');
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
