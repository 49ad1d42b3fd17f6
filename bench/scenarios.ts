import { ACCOUNTS, CALLER, PASSWORD, STRONG_ACCOUNTS } from './servers.ts';

/** One thing that is measured. Names stay as they are from release to release. */
export interface Scenario {
  readonly name: string;
  /** Who answers, and which bare scenario it is compared with. */
  readonly server: 'bare' | 'nauthilus';
  readonly tls: boolean;
  readonly connections: number;
  readonly seconds: number;
  readonly requests: readonly string[];
  /** The status every answer must have. */
  readonly status: string;
}

const DISTINCT = 1000;
const AUTHORIZATION = `Basic ${Buffer.from(`${CALLER.name}:${CALLER.secret}`).toString('base64')}`;

function post(mode: string, body: object): string {
  const text = JSON.stringify(body);
  return [
    `POST /api/v1/auth/json${mode} HTTP/1.1`,
    'Host: 127.0.0.1',
    'User-Agent: Dovecot/2.3',
    `Authorization: ${AUTHORIZATION}`,
    'Content-Type: application/json',
    'X-Dovecot-Session: aBcDeFgHiJkLmNoP',
    `Content-Length: ${Buffer.byteLength(text)}`,
    '',
    text,
  ].join('\r\n');
}

function login(username: string, password: string) {
  return {
    username,
    password,
    client_ip: '192.0.2.17',
    client_port: '49152',
    client_id: '',
    local_ip: '192.0.2.1',
    local_port: '993',
    service: 'imap',
    method: 'plain',
    ssl: '1',
    ssl_protocol: 'TLS',
  };
}

const spread = (count: number, make: (i: number) => string) =>
  Array.from({ length: DISTINCT }, (_, i) => make(Math.floor((i * count) / DISTINCT)));

const accepted = spread(ACCOUNTS, (i) => post('', login(`user${i}@bench.test`, PASSWORD)));
const refused = spread(ACCOUNTS, (i) => post('', login(`user${i}@bench.test`, 'wrong')));
const strong = spread(STRONG_ACCOUNTS, (i) => post('', login(`strong${i}@bench.test`, PASSWORD)));
const lookUps = spread(ACCOUNTS, (i) => post('?mode=no-auth', login(`user${i}@bench.test`, '')));
const list = [
  `GET /api/v1/auth/json?mode=list-accounts HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${AUTHORIZATION}\r\nAccept: application/json\r\n\r\n`,
];

const BUSY = { connections: 64, seconds: 3, tls: false } as const;

export const SCENARIOS: readonly Scenario[] = [
  { ...BUSY, name: 'bare', server: 'bare', requests: accepted, status: '200' },
  { ...BUSY, name: 'lookup', server: 'nauthilus', requests: lookUps, status: '200' },
  { ...BUSY, name: 'login-accepted-cheap', server: 'nauthilus', requests: accepted, status: '200' },
  { ...BUSY, name: 'login-refused-cheap', server: 'nauthilus', requests: refused, status: '403' },
  { ...BUSY, name: 'bare-tls', server: 'bare', tls: true, requests: accepted, status: '200' },
  { ...BUSY, name: 'lookup-tls', server: 'nauthilus', tls: true, requests: lookUps, status: '200' },
  { ...BUSY, name: 'login-accepted-cheap-tls', server: 'nauthilus', tls: true, requests: accepted, status: '200' },
  { ...BUSY, name: 'login-accepted-argon2id', server: 'nauthilus', requests: strong, connections: 8, status: '200' },
  { ...BUSY, name: 'list-100000', server: 'nauthilus', requests: list, connections: 1, status: '200' },
];
