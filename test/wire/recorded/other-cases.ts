import { account, password } from './accounts.ts';
import { ACCOUNTS, REFUSED_BODY, refused, TEXT } from './json-cases.ts';
import { type AnswerFacts, ANY_BODY, type RecordedCase } from './recorded-case.ts';

const session = { 'X-Nauthilus-Session': '*' } as const;
const jsonType = { 'Content-Type': 'application/json; charset=utf-8' } as const;
const HEADER = '/api/v1/auth/header';
const NGINX = '/api/v1/auth/nginx';
/** The port of the mail host, as the test has it. */
export const MAIL_PORT = 'the port of the mail host';

const asked = (n: number, more: Readonly<Record<string, string | undefined>> = {}) => ({
  'Auth-User': account(n),
  'Auth-Pass': password(n),
  'Auth-Protocol': 'imap',
  'Auth-Method': 'plain',
  'Client-IP': '198.51.100.20',
  'X-Client-Port': '1234',
  ...more,
});

function acceptedByHeaders(n: number, cache: 'Hit' | 'Miss'): AnswerFacts {
  return {
    status: 200,
    headers: {
      'Auth-Status': 'OK',
      'Auth-User': account(n),
      'X-Nauthilus-Dn': `uid=user${n},ou=people,dc=example,dc=test`,
      'X-Nauthilus-Mail': account(n),
      'X-Nauthilus-Uid': `user${n}`,
      'X-Nauthilus-Memory-Cache': cache,
      ...session,
    },
  };
}
const withoutDn = (n: number, cache: 'Hit' | 'Miss') => ({
  headers: { ...acceptedByHeaders(n, cache).headers, 'X-Nauthilus-Dn': undefined },
});
const problem = (text: string, more: object = {}) => ({
  headers: { 'Auth-Status': text, ...session, ...more },
  body: { error: TEXT },
});

const HEADER_CASES: readonly RecordedCase[] = [
  {
    name: 'a login by headers that is remembered',
    ask: { path: HEADER, headers: asked(1) },
    recorded: acceptedByHeaders(1, 'Hit'),
    ours: withoutDn(1, 'Hit'),
    differs: ['no-dn'],
  },
  {
    name: 'a wrong password by headers',
    ask: { method: 'GET', path: HEADER, headers: asked(10, { 'Auth-Pass': 'wrong' }) },
    recorded: refused(),
    ours: REFUSED_BODY,
    differs: ['refusal-bodies'],
  },
  {
    name: 'an unknown user by headers',
    ask: { method: 'GET', path: HEADER, headers: asked(10, { 'Auth-User': 'nobody3@example.test' }) },
    recorded: refused(),
    ours: REFUSED_BODY,
    differs: ['refusal-bodies'],
  },
  ...['Auth-User', 'Auth-Pass'].map(
    (name): RecordedCase => ({
      name: `a question by headers without ${name}`,
      ask: { method: 'GET', path: HEADER, headers: asked(10, { [name]: undefined }) },
      recorded: { status: 400 },
      ours: problem('Bad request'),
      differs: ['problem-bodies'],
    }),
  ),
  {
    name: 'a password that is percent-encoded',
    ask: {
      method: 'GET',
      path: HEADER,
      headers: asked(12, { 'Auth-User': 'user12%40example.test', 'Auth-Pass': 'password%2D12' }),
    },
    recorded: acceptedByHeaders(12, 'Miss'),
    ours: withoutDn(12, 'Miss'),
    differs: ['no-dn'],
  },
  {
    name: 'a list where questions are put by headers',
    ask: { method: 'GET', path: HEADER, query: '?mode=list-accounts', headers: { Accept: 'application/json' } },
    recorded: { status: 200, headers: { ...jsonType, 'Transfer-Encoding': 'chunked' }, body: ACCOUNTS },
  },
  {
    name: 'a question by headers without a credential',
    ask: { method: 'GET', path: HEADER, headers: { ...asked(10), Authorization: undefined } },
    recorded: { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="restricted", charset="UTF-8"' } },
    ours: problem('Caller not authorized', { 'WWW-Authenticate': 'Basic realm="nauthilus", charset="UTF-8"' }),
    differs: ['problem-bodies', 'realm'],
  },
];

const placed = { 'Auth-Server': '127.0.0.1', 'Auth-Port': MAIL_PORT } as const;
const acceptedByNginx = (cache: string): AnswerFacts => ({
  status: 200,
  headers: { 'Auth-Status': 'OK', 'Auth-User': account(14), 'X-Nauthilus-Memory-Cache': cache, ...session },
});
const refusedByNginx = (wait: string): AnswerFacts => ({ ...refused(wait), status: 200 });
const nginx = (protocol: string, more: Readonly<Record<string, string | undefined>> = {}) => ({
  method: 'GET',
  path: NGINX,
  headers: asked(14, { 'Auth-Protocol': protocol, 'Auth-Login-Attempt': '1', 'X-Client-Port': undefined, ...more }),
});

const NGINX_CASES: readonly RecordedCase[] = [
  ...['imap', 'sieve', 'smtp'].map((protocol): RecordedCase => {
    const facts = acceptedByNginx('Miss');
    const recorded = protocol === 'sieve' ? facts : { ...facts, headers: { ...facts.headers, ...placed } };
    const one = { name: `a login that nginx asks about, for ${protocol}`, ask: nginx(protocol), recorded };
    if (protocol === 'imap') return one;
    const headers = { ...recorded.headers, 'X-Nauthilus-Memory-Cache': 'Hit' };
    return { ...one, ours: { headers }, differs: ['remembered-answers'] };
  }),
  ...['imap', 'sieve', 'smtp'].map(
    (protocol): RecordedCase => ({
      name: `a wrong password that nginx asks about, for ${protocol}`,
      ask: nginx(protocol, { 'Auth-Pass': 'wrong' }),
      recorded: refusedByNginx('0'),
      ours: {
        headers: {
          ...refused('2').headers,
          'Content-Type': undefined,
          'Auth-Error-Code': protocol === 'smtp' ? '535 5.7.8' : undefined,
        },
        body: '',
      },
      differs: ['waiting', 'nginx-bodies'],
    }),
  ),
  {
    name: 'a wrong password that nginx asks about at the fifth try',
    ask: nginx('imap', { 'Auth-Pass': 'wrong', 'Auth-Login-Attempt': '5' }),
    recorded: refusedByNginx('1'),
    ours: { headers: { ...refused().headers, 'Content-Type': undefined, 'Auth-Wait': undefined }, body: '' },
    differs: ['waiting', 'nginx-bodies'],
  },
  {
    name: 'a question of nginx without a password',
    ask: nginx('smtp', { 'Auth-Pass': undefined }),
    recorded: { status: 400 },
    ours: problem('Temporary server problem, try again later', { 'Auth-Error-Code': '451 4.3.0' }),
    differs: ['problem-bodies'],
  },
  {
    name: 'a look-up of nginx',
    ask: { ...nginx('smtp', { 'Auth-Pass': undefined }), query: '?mode=no-auth' },
    recorded: { ...acceptedByNginx('Miss'), headers: { ...acceptedByNginx('Miss').headers, ...placed } },
  },
  {
    name: 'a protocol that is not known',
    ask: nginx('nosuch', { 'Auth-Pass': 'x' }),
    recorded: {
      status: 200,
      headers: {
        'Auth-Status': 'Temporary server problem, try again later',
        'Content-Type': 'text/plain; charset=utf-8',
      },
      body: 'Temporary server problem, try again later',
    },
    ours: { headers: { 'Auth-Status': 'Invalid login or password', 'Content-Type': undefined }, body: '' },
    differs: ['unknown-protocols', 'nginx-bodies'],
  },
];

const notFound = (name: string, ask: RecordedCase['ask'], more: Partial<AnswerFacts> = {}): RecordedCase => ({
  name,
  ask: { method: 'GET', ...ask },
  recorded: { status: 404, ...more },
  ours: { ...problem('Not found'), headers: { ...problem('Not found').headers, ...jsonType } },
  differs: ['problem-bodies'],
});

const HTTP_CASES: readonly RecordedCase[] = [
  {
    name: 'a method that is not served',
    ask: { method: 'PUT', headers: jsonType },
    recorded: { status: 404 },
    ours: { status: 405, ...problem('Method not allowed', { Allow: '*' }) },
    differs: ['statuses-of-http'],
  },
  {
    name: 'a look-up by GET',
    ask: { method: 'GET', query: '?mode=no-auth', headers: { 'Auth-User': account(1), 'Auth-Protocol': 'imap' } },
    recorded: {
      status: 500,
      headers: { ...jsonType, 'Auth-Status': 'No username given' },
      body: { error: 'No username given' },
    },
    ours: { status: 405, ...problem('Method not allowed', { Allow: 'POST' }) },
    differs: ['statuses-of-http'],
  },
  notFound('a path below the interface that there is not', { path: '/api/v1/auth/nosuch' }),
  notFound(
    'a path that there is not',
    { path: '/nosuch', headers: { Authorization: undefined } },
    {
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: '404 - Page Not Found',
    },
  ),
  notFound('a path that there is not, without a credential', {
    path: '/api/v1/nosuch',
    headers: { Authorization: undefined },
  }),
  {
    name: 'a slash at the end of a path',
    ask: { path: '/api/v1/auth/json/', body: '{}' },
    recorded: { status: 307, headers: { Location: '/api/v1/auth/json' } },
    ours: { status: 404, ...problem('Not found', { Location: undefined }) },
    differs: ['no-redirects'],
  },
  notFound('the door for credentials of end users, which is off', { path: '/api/v1/auth/basic' }),
  notFound('a configuration to be loaded', { path: '/api/v1/config/load' }),
  {
    name: 'JSON at the door for CBOR',
    ask: {
      path: '/api/v1/auth/cbor',
      body: JSON.stringify({ username: account(1), password: password(1), protocol: 'imap' }),
    },
    recorded: {
      status: 200,
      headers: { 'Auth-Status': 'OK', 'Content-Type': 'application/cbor' },
      body: ANY_BODY,
    },
    ours: { status: 415, headers: { 'Auth-Status': 'Unsupported media type', Accept: 'application/cbor' } },
    differs: ['types-of-bodies'],
  },
];

const OPERATORS_CASES: readonly RecordedCase[] = [
  {
    name: 'whether somebody answers',
    ask: { method: 'GET', path: '/ping', headers: { Authorization: undefined } },
    recorded: { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: 'pong' },
    ours: { status: 404, ...problem('Not found'), headers: jsonType },
    differs: ['health-paths'],
  },
  {
    name: 'whether the service is well',
    ask: { method: 'GET', path: '/healthz', headers: { Authorization: undefined } },
    recorded: { status: 200, headers: jsonType, body: { status: 'up', checks: { ldap: { status: 'up' } } } },
    ours: { status: 404, ...problem('Not found') },
    differs: ['health-paths'],
  },
  {
    name: 'metrics',
    ask: { method: 'GET', path: '/metrics', headers: { Authorization: undefined } },
    recorded: {
      status: 200,
      headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores' },
      body: ANY_BODY,
    },
    ours: { headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' } },
    differs: ['metric-names'],
  },
  {
    name: 'a flush of what is remembered of nobody',
    ask: { method: 'DELETE', path: '/api/v1/cache/flush', body: '{"user":"nobody@example.test"}', headers: jsonType },
    recorded: {
      status: 200,
      headers: jsonType,
      body: {
        session: TEXT,
        object: 'cache',
        operation: 'flush',
        result: { user: 'nobody@example.test', removed_keys: [], status: 'not flushed' },
      },
    },
    ours: {
      body: {
        session: TEXT,
        object: 'cache',
        operation: 'flush',
        result: {
          user: 'nobody@example.test',
          removed_keys: ['login:nobody@example.test', 'look-up:nobody@example.test'],
          status: '2 keys flushed',
        },
      },
    },
    differs: ['removed-keys'],
  },
  {
    name: 'blocks, of which there are none',
    ask: { method: 'GET', path: '/api/v1/bruteforce/list' },
    recorded: {
      status: 200,
      headers: jsonType,
      body: {
        session: TEXT,
        object: 'bruteforce',
        operation: 'list',
        result: [{ entries: [] }, { accounts: {}, error: null }],
      },
    },
  },
  {
    name: 'a flush of an address of which nothing is known',
    ask: {
      method: 'DELETE',
      path: '/api/v1/bruteforce/flush',
      body: '{"ip_address":"203.0.113.11","rule_name":"*"}',
      headers: jsonType,
    },
    recorded: {
      status: 200,
      headers: jsonType,
      body: {
        session: TEXT,
        object: 'bruteforce',
        operation: 'flush',
        result: { ip_address: '203.0.113.11', rule_name: '*', removed_keys: [], status: 'not flushed' },
      },
    },
  },
];

export const OTHER_CASES: readonly RecordedCase[] = [
  ...HEADER_CASES,
  ...NGINX_CASES,
  ...HTTP_CASES,
  ...OPERATORS_CASES,
];
