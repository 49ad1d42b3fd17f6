import { Agent, type IncomingMessage, request } from 'node:http';
import { Agent as TlsAgent, request as requestTls } from 'node:https';
import { type DoorAnswer, type LoadDoor, readAnswer, renderQuestion } from './ask-doors.ts';
import type { LoadRow } from './load-rows.ts';
import type { LoadAnswer } from './load-tally.ts';

export interface LoadClientParts {
  readonly url: URL;
  readonly door: LoadDoor;
  /** How the caller proves itself, as `Authorization` has it. */
  readonly authorization: string | undefined;
  readonly concurrency: number;
  readonly isKeptAlive: boolean;
  readonly timeoutMs: number;
  /** PEM texts. */
  readonly tls: {
    readonly ca?: Buffer | undefined;
    readonly cert?: Buffer | undefined;
    readonly key?: Buffer | undefined;
  };
}

/** Longest answer that is read, in bytes. */
const MAX_ANSWER = 1024 * 1024;

/** Asks questions over HTTP, on as many connections as questions are under way. */
export class LoadClient implements Disposable {
  readonly #parts: LoadClientParts;
  readonly #agent: Agent;
  readonly #request: typeof request;
  /** What comes before the doors' paths. */
  readonly #prefix: string;

  constructor(parts: LoadClientParts) {
    this.#parts = parts;
    const { url, concurrency, isKeptAlive, tls } = parts;
    const isTls = url.protocol === 'https:';
    const settings = { keepAlive: isKeptAlive, maxSockets: concurrency, maxFreeSockets: concurrency };
    this.#agent = isTls ? new TlsAgent({ ...settings, ...tls }) : new Agent(settings);
    this.#request = isTls ? requestTls : request;
    this.#prefix = url.pathname.replace(/\/(?:api\/v1\/auth\/[a-z]*)?$/, '');
  }

  /** Asks a row at the door; rejected only when `signal` fires. */
  readonly ask = async (row: LoadRow, signal: AbortSignal): Promise<LoadAnswer> => {
    const { door, timeoutMs } = this.#parts;
    using deadline = openDeadline(timeoutMs, signal);
    try {
      return readAnswer(door, await this.#exchange(row, deadline.signal));
    } catch (cause) {
      signal.throwIfAborted();
      return { kind: 'failed', detail: deadline.signal.aborted ? 'no answer in time' : reasonOf(cause) };
    }
  };

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #exchange(row: LoadRow, signal: AbortSignal): Promise<DoorAnswer> {
    const { url, door, authorization } = this.#parts;
    const { method, path, headers, body } = renderQuestion(door, row, authorization);
    const { promise, resolve, reject } = Promise.withResolvers<DoorAnswer>();
    const options = { agent: this.#agent, method, path: this.#prefix + path, headers, signal };
    const sent = this.#request(url, options, (response) => collect(response, resolve, reject));
    sent.once('error', reject);
    sent.end(body);
    return promise;
  }
}

/** A signal that fires after a time, or with `end`, and leaves nothing behind: one of `AbortSignal.timeout` stays for the whole time. */
function openDeadline(ms: number, end: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const deadline = new AbortController();
  const fire = () => deadline.abort();
  const timer = setTimeout(fire, ms);
  end.addEventListener('abort', fire, { once: true });
  return {
    signal: deadline.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      end.removeEventListener('abort', fire);
    },
  };
}

function collect(
  response: IncomingMessage,
  resolve: (answer: DoorAnswer) => void,
  reject: (cause: unknown) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_ANSWER) response.destroy(new Error('the answer is longer than 1 MiB'));
    else chunks.push(chunk);
  });
  response.once('error', reject);
  response.once('end', () => {
    const { statusCode: status = 0, headers } = response;
    resolve({ status, headers, body: Buffer.concat(chunks).toString('utf8') });
  });
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code ?? message;
}
