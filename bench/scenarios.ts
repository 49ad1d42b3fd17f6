import { encode } from 'cborg';
import { someLdapAccounts } from './ldap-server.ts';
import type { LdapYardstick } from './ldap-yardsticks.ts';
import { ACCOUNTS, CALLER, PASSWORD, REMEMBERED_ACCOUNTS, type ServerName, STRONG_ACCOUNTS } from './servers.ts';

/** One thing that is measured. Names stay as they are from release to release. */
export interface Scenario {
  readonly name: string;
  readonly server: ServerName;
  /** Name of the scenario of the bare server that is measured right before it, each time, and that it is compared with. */
  readonly yardstick: string;
  /** What the directory does without the service, measured right before it too. */
  readonly directory?: LdapYardstick;
  readonly tls: boolean;
  /** Asks by the SASL protocol of Dovecot instead of HTTP. */
  readonly isSasl?: boolean;
  readonly connections: number;
  /** Shortest time to measure, for requests that take long. */
  readonly leastSeconds?: number;
  readonly requests: readonly (string | Uint8Array)[];
  /** Processes that answer; 1 where absent. */
  readonly workers?: number;
  /** The status every answer must have. */
  readonly status: string;
  /** Takes so long that the compiler is no matter, and that a thousand of them would take minutes. */
  readonly isSlow?: boolean;
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

/** Questions by headers, as nginx asks on a connection that it keeps. */
function getByHeaders(door: 'header' | 'nginx', username: string): string {
  return [
    `GET /api/v1/auth/${door} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Auth-Method: plain',
    `Auth-User: ${username}`,
    `Auth-Pass: ${PASSWORD.replaceAll(' ', '%20')}`,
    'Auth-Protocol: imap',
    'Auth-Login-Attempt: 1',
    'Client-IP: 192.0.2.17',
    'Auth-SSL: on',
    'Auth-SSL-Protocol: TLSv1.3',
    'X-Auth-Port: 993',
    `Authorization: ${AUTHORIZATION}`,
    '\r\n',
  ].join('\r\n');
}

/** As a web server asks for a page's visitor. */
function getBasic(username: string): string {
  return [
    'GET /api/v1/auth/basic HTTP/1.1',
    'Host: 127.0.0.1',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Accept: text/html,application/xhtml+xml',
    'X-Client-IP: 192.0.2.17',
    'X-SSL: on',
    `Authorization: Basic ${Buffer.from(`${username}:${PASSWORD}`).toString('base64')}`,
    '\r\n',
  ].join('\r\n');
}

function postCbor(username: string): Buffer {
  const body = encode(login(username, PASSWORD));
  const head = [
    'POST /api/v1/auth/cbor HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: ${AUTHORIZATION}`,
    'Content-Type: application/cbor',
    `Content-Length: ${body.length}`,
    '\r\n',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

/** As Cyrus saslauthd sends its form. */
function postForm(username: string): string {
  const text = new URLSearchParams({ username, password: PASSWORD, service: 'smtp', realm: '' }).toString();
  return [
    'POST /api/v1/auth/saslauthd HTTP/1.1',
    'Host: 127.0.0.1',
    'User-Agent: saslauthd',
    `Authorization: ${AUTHORIZATION}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${Buffer.byteLength(text)}`,
    '',
    text,
  ].join('\r\n');
}

/** As Dovecot's own login processes ask, with what they say of the client. */
function authLine(username: string): string {
  const response = Buffer.from(`\0${username}\0${PASSWORD}`).toString('base64');
  const client = 'lip=192.0.2.1\trip=192.0.2.17\tlport=993\trport=49152';
  return `AUTH\t1\tPLAIN\tservice=imap\tsecured\tsession=aBcDeFgHiJkLmNoP\t${client}\tresp=${response}\n`;
}

function login(username: string, password: string, clientAddress = '192.0.2.17') {
  return {
    username,
    password,
    client_ip: clientAddress,
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

const spread = <Request extends string | Uint8Array>(count: number, make: (i: number) => Request): Request[] =>
  Array.from({ length: DISTINCT }, (_, i) => make(Math.floor((i * count) / DISTINCT)));

const accepted = spread(ACCOUNTS, (i) => post('', login(`user${i}@bench.test`, PASSWORD)));
// Each account out of a network of its own: guesses are counted, but no limit is reached, and each password is looked at.
const refused = Array.from({ length: DISTINCT }, (_, i) =>
  post('', login(`user${i * 100}@bench.test`, 'wrong', `${1 + (i % 100)}.${20 + Math.floor(i / 100)}.0.7`)),
);
const lookUps = spread(ACCOUNTS, (i) => post('?mode=no-auth', login(`user${i}@bench.test`, '')));
// Another account each time: equal logins that are under way together would share one proof.
const strong = Array.from({ length: DISTINCT }, (_, i) =>
  post('', login(`strong${i % STRONG_ACCOUNTS}@bench.test`, PASSWORD)),
);
// Each account out of a network of its own again: until they are proven, so many logins of one could be guesses.
const fromEverywhere = (password: string) =>
  Array.from({ length: DISTINCT }, (_, i) =>
    post('', login(`strong${i % STRONG_ACCOUNTS}@bench.test`, password, `${1 + (i % STRONG_ACCOUNTS)}.20.0.7`)),
  );
/** The same logins at each door, to be compared with each other. */
const byDoor = {
  json: strong,
  header: spread(STRONG_ACCOUNTS, (i) => getByHeaders('header', `strong${i}@bench.test`)),
  nginx: spread(STRONG_ACCOUNTS, (i) => getByHeaders('nginx', `strong${i}@bench.test`)),
  basic: spread(STRONG_ACCOUNTS, (i) => getBasic(`strong${i}@bench.test`)),
  cbor: spread(STRONG_ACCOUNTS, (i) => postCbor(`strong${i}@bench.test`)),
  saslauthd: spread(STRONG_ACCOUNTS, (i) => postForm(`strong${i}@bench.test`)),
} as const;
const inDirectory = someLdapAccounts(DISTINCT);
const ldapLookUps = inDirectory.map(({ name }) => post('?mode=no-auth', login(name, '')));
// Out of a network that no rule looks at: so many logins of one address at a time would be taken for guesses.
const ldapLogins = inDirectory.map(({ name, password }) => post('', login(name, password, '198.51.100.17')));
const list = [
  `GET /api/v1/auth/json?mode=list-accounts HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${AUTHORIZATION}\r\nAccept: application/json\r\n\r\n`,
];

type Kind = Pick<Scenario, 'server' | 'requests' | 'status' | 'isSlow'>;

const BARE: Kind = { server: 'bare', requests: accepted, status: '200' };
const LOOK_UP: Kind = { server: 'cheap', requests: lookUps, status: '200' };
const CHEAP: Kind = { server: 'cheap', requests: accepted, status: '200' };
const REFUSED: Kind = { server: 'cheap', requests: refused, status: '403' };
const CACHED: Kind = { server: 'remembering', requests: strong, status: '200' };
const SHARED: Kind = { server: 'sharing', requests: fromEverywhere(PASSWORD), status: '200' };
const STRONG_REFUSED: Kind = { server: 'forgetful', requests: fromEverywhere('wrong'), status: '403', isSlow: true };
const STRONG: Kind = { server: 'forgetful', requests: strong, status: '200', isSlow: true };
const LIST: Kind = { server: 'cheap', requests: list, status: '200', isSlow: true };
const LDAP_LOOK_UP: Kind = { server: 'ldap-bind', requests: ldapLookUps, status: '200' };
const LDAP_BIND: Kind = { server: 'ldap-bind', requests: ldapLogins, status: '200' };
const LDAP_COMPARE: Kind = { server: 'ldap-compare', requests: ldapLogins, status: '200' };
const LDAP_LIST: Kind = { server: 'ldap-bind', requests: list, status: '200', isSlow: true };

/** What is measured over HTTP and HTTPS, at 1, 64 and 512 connections, and of one process and two workers. */
const EVERYWHERE: readonly (Kind & { readonly name: string; readonly ofTwo: ServerName })[] = [
  { ...CACHED, name: 'login-cached', ofTwo: 'remembering-w2' },
  { ...SHARED, name: 'login-shared-cached', ofTwo: 'sharing-w2' },
  { ...LOOK_UP, name: 'lookup', ofTwo: 'cheap-w2' },
  { ...REFUSED, name: 'login-refused-cheap', ofTwo: 'cheap-w2' },
];

/** Names say what is not as usual: `NAME-tls-c512-w2`. */
function everywhere(): Scenario[] {
  return EVERYWHERE.flatMap(({ name, ofTwo, ...kind }) =>
    [false, true].flatMap((tls) =>
      [64, 1, 512].flatMap((connections) => {
        const suffix = `${tls ? '-tls' : ''}${connections === 64 ? '' : `-c${connections}`}`;
        const common = { ...kind, tls, connections, yardstick: `bare${suffix}` };
        return [
          { ...common, name: `${name}${suffix}` },
          { ...common, name: `${name}${suffix}-w2`, server: ofTwo, workers: 2 },
        ];
      }),
    ),
  );
}

const HTTP_64 = { connections: 64, tls: false, yardstick: 'bare' } as const;
const SASL_64 = { ...HTTP_64, isSasl: true, status: 'OK' } as const;
const TLS_64 = { connections: 64, tls: true, yardstick: 'bare-tls' } as const;

/** A million of them are twenty in each network of 16 bits: were they more, networks would be blocked and no more be counted. */
export function addressOf(i: number): string {
  return `${11 + (i % 200)}.${Math.floor(i / 200) % 256}.${Math.floor(i / 51_200)}.7`;
}

/** One login of each of many accounts, each out of a network of its own. */
export function manyLogins(): Kind & { readonly name: string } {
  const requests = Array.from({ length: REMEMBERED_ACCOUNTS }, (_, i) =>
    post('', login(`many${i}@bench.test`, PASSWORD, addressOf(i))),
  );
  return { name: 'remembered-logins', server: 'many', requests, status: '200' };
}

export const SCENARIOS: readonly Scenario[] = [
  ...[false, true].flatMap((tls) =>
    [64, 1, 512].map((connections): Scenario => {
      const name = `bare${tls ? '-tls' : ''}${connections === 64 ? '' : `-c${connections}`}`;
      return { ...BARE, tls, connections, name, yardstick: name };
    }),
  ),
  ...everywhere(),
  ...Object.entries(byDoor).map(
    ([door, requests]): Scenario => ({ ...CACHED, ...HTTP_64, requests, name: `door-${door}` }),
  ),
  {
    ...CACHED,
    ...SASL_64,
    requests: spread(STRONG_ACCOUNTS, (i) => authLine(`strong${i}@bench.test`)),
    name: 'door-sasl',
  },
  { ...CHEAP, ...HTTP_64, name: 'login-accepted-cheap' },
  // What the rules against guessing cost is the difference to the one before.
  { ...CHEAP, ...HTTP_64, server: 'unguarded', name: 'login-accepted-cheap-unguarded' },
  {
    ...CHEAP,
    ...SASL_64,
    requests: spread(ACCOUNTS, (i) => authLine(`user${i}@bench.test`)),
    name: 'login-accepted-cheap-sasl',
  },
  { ...CHEAP, ...TLS_64, name: 'login-accepted-cheap-tls' },
  { ...STRONG, ...HTTP_64, connections: 8, name: 'login-accepted-argon2id' },
  { ...STRONG_REFUSED, ...HTTP_64, connections: 8, name: 'login-refused-strong' },
  { ...LIST, ...HTTP_64, connections: 1, name: 'list-100000' },
  { ...LDAP_LOOK_UP, ...HTTP_64, name: 'ldap-lookup', directory: 'slapd-direct-search' },
  { ...LDAP_BIND, ...HTTP_64, name: 'ldap-login-bind', directory: 'slapd-direct-bind' },
  { ...LDAP_COMPARE, ...HTTP_64, name: 'ldap-login-compare', directory: 'slapd-direct-search' },
  {
    ...LDAP_LIST,
    ...HTTP_64,
    connections: 1,
    leastSeconds: 8,
    name: 'ldap-list-100000',
    directory: 'ldapsearch-list-100000',
  },
];
