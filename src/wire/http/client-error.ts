import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Events } from '../../telemetry/events.ts';
import { authHeaders, type ErrorStatus, JSON_TYPE, renderProblem, STATUS_TEXTS } from './answer.ts';
import { newSessionId } from './session-id.ts';

const STATUSES: Readonly<Record<string, { status: ErrorStatus; error: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, error: 'the request did not arrive in time' },
  HPE_HEADER_OVERFLOW: { status: 431, error: 'the header section is too large' },
};
const MALFORMED = { status: 400, error: 'the request is not valid HTTP' } as const;

/**
 * Answers what is no HTTP request, with the headers every answer has, and ends the connection. Where an answer is still under
 * way on it, nothing may be written in between: the connection is just ended.
 */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  isAnswering: boolean,
  events: Events,
): void {
  if (isAnswering || !socket.writable || error.code === 'ECONNRESET' || error.code === 'EPIPE') {
    socket.destroy();
    return;
  }
  const { status, error: message } = STATUSES[error.code ?? ''] ?? MALFORMED;
  const session = newSessionId();
  const body = renderProblem({ status, error: message });
  const headers = [
    ...authHeaders(STATUS_TEXTS[status], session),
    'Content-Type',
    JSON_TYPE,
    'Cache-Control',
    'no-store',
  ];
  headers.push('Content-Length', String(Buffer.byteLength(body)), 'Connection', 'close');
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  const address = 'remoteAddress' in socket ? String(socket.remoteAddress) : undefined;
  events.requestRejected({ session, door: 'none', status, error: message, address });
  events.answered('none', status);
  socket.end(`${head}\r\n${body}`);
}
