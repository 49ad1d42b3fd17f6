import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { LoadAnswer } from './load-tally.ts';
import type { LoadRow } from './load-rows.ts';

export const DOORS = ['json', 'header', 'basic'] as const;
export type LoadDoor = (typeof DOORS)[number];

export interface DoorRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

export interface DoorAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How a door is asked, and what its answers mean. */
interface DoorDialect {
  render(row: LoadRow, authorization: string | undefined): DoorRequest;
  /** Whether an answer with status 200 accepts the login. */
  accepts(answer: DoorAnswer): boolean;
  /** The status of refusals. */
  readonly refusal: number;
}

/** Headers that fields are sent by, as the service reads them where nothing else is set. */
const HEADERS = {
  username: 'Auth-User',
  password: 'Auth-Pass',
  protocol: 'Auth-Protocol',
  service: 'Auth-Protocol',
  method: 'Auth-Method',
  auth_login_attempt: 'Auth-Login-Attempt',
  client_ip: 'Client-IP',
  client_port: 'X-Client-Port',
  client_hostname: 'X-Client-Host',
  client_id: 'X-Client-ID',
  external_session_id: 'X-External-Session-ID',
  user_agent: 'User-Agent',
  local_ip: 'X-Local-IP',
  local_port: 'X-Local-Port',
  ssl: 'X-SSL',
  ssl_protocol: 'X-SSL-Protocol',
  ssl_cipher: 'X-SSL-Cipher',
} as const;
/** What the Basic door reads. */
const BASIC_HEADERS: Partial<Record<keyof typeof HEADERS, string>> = {
  client_ip: 'Client-IP',
  client_port: 'Client-Port',
  user_agent: 'User-Agent',
  ssl: 'Auth-SSL',
};

const DIALECTS: Readonly<Record<LoadDoor, DoorDialect>> = {
  json: {
    render: ({ fields, isLookUp }, authorization) => {
      const body = JSON.stringify(fields);
      const length = Buffer.byteLength(body);
      return {
        method: 'POST',
        path: withMode('/api/v1/auth/json', isLookUp),
        headers: { ...authorized(authorization), 'Content-Type': 'application/json', 'Content-Length': length },
        body,
      };
    },
    accepts: ({ body }) => isOk(body),
    refusal: 403,
  },
  header: {
    render: ({ fields, isLookUp }, authorization) => ({
      method: 'GET',
      path: withMode('/api/v1/auth/header', isLookUp),
      headers: { ...authorized(authorization), ...headersOf(fields) },
      body: '',
    }),
    accepts: ({ headers }) => headers['auth-status'] === 'OK',
    refusal: 403,
  },
  basic: {
    render: ({ fields: { username = '', password = '', ...fields } }) => ({
      method: 'GET',
      path: '/api/v1/auth/basic',
      headers: {
        ...headersOf(fields, BASIC_HEADERS),
        Authorization: `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`,
      },
      body: '',
    }),
    accepts: () => true,
    refusal: 401,
  },
};

/** The request that asks a row at a door. @param authorization how the caller proves itself */
export function renderQuestion(door: LoadDoor, row: LoadRow, authorization: string | undefined): DoorRequest {
  return DIALECTS[door].render(row, authorization);
}

/** What a door's answer means. */
export function readAnswer(door: LoadDoor, answer: DoorAnswer): LoadAnswer {
  const dialect = DIALECTS[door];
  const detail = String(answer.status);
  if (answer.status === 200)
    return dialect.accepts(answer)
      ? { kind: 'accepted', detail }
      : { kind: 'failed', detail: '200 without a decision' };
  if (answer.status === dialect.refusal) return { kind: 'refused', detail };
  if (answer.status >= 500 || answer.status === 429) return { kind: 'deferred', detail };
  return { kind: 'failed', detail };
}

function authorized(authorization: string | undefined): OutgoingHttpHeaders {
  return authorization === undefined ? {} : { Authorization: authorization };
}

function withMode(path: string, isLookUp: boolean): string {
  return isLookUp ? `${path}?mode=no-auth` : path;
}

function headersOf(
  fields: LoadRow['fields'],
  names: Partial<Record<keyof typeof HEADERS, string>> = HEADERS,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [field, header] of Object.entries(names)) {
    const value = fields[field as keyof typeof HEADERS];
    if (value !== undefined) headers[header] ??= field === 'user_agent' ? plain(value) : encodeURIComponent(value);
  }
  return headers;
}

/** No header may hold anything else. */
function plain(value: string): string {
  return value.replace(/[^\x20-\x7e]/g, '?');
}

function isOk(body: string): boolean {
  try {
    return (JSON.parse(body) as { ok?: unknown } | null)?.ok === true;
  } catch {
    return false;
  }
}
