import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Events } from '../../telemetry/events.ts';
import { authHeaders, JSON_TYPE, type Problem, renderProblem, STATUS_TEXTS } from './answer.ts';
import { newSessionId } from './session-id.ts';

const PROBLEMS: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, error: 'the request did not arrive in time' },
  HPE_HEADER_OVERFLOW: { status: 431, error: 'the header section is too large' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, error: 'the extensions of a chunk are too large' },
};
const MALFORMED: Problem = { status: 400, error: 'the request is not valid HTTP' };
/** Time for the client to read the answer: closing at once would make the system throw it away when more data comes in. */
const LINGER_MS = 1000;

/** What to answer to bytes that the HTTP parser refuses; `undefined` where nobody is left to answer. */
export function problemOf(error: NodeJS.ErrnoException): Problem | undefined {
  const { code = '' } = error;
  if (code.startsWith('HPE_') || code.startsWith('ERR_HTTP_')) return PROBLEMS[code] ?? MALFORMED;
  return undefined;
}

/** Answers what never became a request, with the headers every answer has, and ends the connection. */
export function answerBare(problem: Problem, socket: Duplex, address: string, events: Events): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, error } = problem;
  const session = newSessionId();
  const body = renderProblem(problem);
  const headers = [
    ...authHeaders(STATUS_TEXTS[status], session),
    ...(problem.headers ?? []),
    'Content-Type',
    JSON_TYPE,
    'Cache-Control',
    'no-store',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Connection',
    'close',
  ];
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  events.requestRejected({ session, door: 'none', status, error, address });
  events.answered('none', status);
  socket.end(`${head}\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
