/** What a request says of the larger whole that it is part of. */
export interface RequestTrace {
  /** Of the trace (W3C Trace Context), 32 hexadecimal digits. */
  readonly traceId?: string | undefined;
  /** What the caller calls the request, bounded, of printable ASCII without blanks. */
  readonly requestId?: string | undefined;
}

/** Headers that tell of it. */
export type TraceHeaders = Readonly<Record<string, string | string[] | undefined>>;

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const ZEROS = /^0+$/;
const MAX_TRACEPARENT = 256;
const MAX_REQUEST_ID = 128;
const NOT_PRINTABLE = /[^\x21-\x7e]/g;

/** Reads the headers; what is malformed is left alone. `undefined` where nothing is left. */
export function readTrace(headers: TraceHeaders): RequestTrace | undefined {
  const traceId = readTraceId(headers['traceparent']);
  const requestId = readRequestId(headers['x-request-id']);
  return traceId === undefined && requestId === undefined ? undefined : { traceId, requestId };
}

/** Of version 00, or of a later one that begins in the same way, as the standard wants it. */
function readTraceId(text: string | string[] | undefined): string | undefined {
  if (typeof text !== 'string' || text.length > MAX_TRACEPARENT) return undefined;
  const [, version, traceId = '', parentId = '', rest] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  return ZEROS.test(traceId) || ZEROS.test(parentId) ? undefined : traceId;
}

function readRequestId(text: string | string[] | undefined): string | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  return text.slice(0, MAX_REQUEST_ID).replace(NOT_PRINTABLE, '_');
}

const MAX_TRACES = 4096;

/** The traces of requests that are under way, by their sessions. */
export class RequestTraces {
  readonly #traces = new Map<string, RequestTrace>();

  /** Remembers what a request says of itself until it is over; of too many the oldest is forgotten. */
  begin(session: string, headers: TraceHeaders): void {
    const trace = readTrace(headers);
    if (trace === undefined) return;
    if (this.#traces.size >= MAX_TRACES) this.#traces.delete(this.#traces.keys().next().value ?? '');
    this.#traces.set(session, trace);
  }

  /** The request is over. */
  end(session: string): void {
    if (this.#traces.size > 0) this.#traces.delete(session);
  }

  of(session: string): RequestTrace | undefined {
    return this.#traces.size === 0 ? undefined : this.#traces.get(session);
  }

  /** The same as fields of a log line. */
  fieldsOf(session: string): { readonly trace_id?: string; readonly request_id?: string } {
    const { traceId, requestId } = this.of(session) ?? {};
    return {
      ...(traceId !== undefined && { trace_id: traceId }),
      ...(requestId !== undefined && { request_id: requestId }),
    };
  }
}
