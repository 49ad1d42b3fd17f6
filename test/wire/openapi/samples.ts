/**
 * How each described answer is produced. A sample is a good request to an operation, with the status that it is answered by; what
 * makes it another answer stands beside it, by the status of that. What is alike everywhere is in {@link COMMON}.
 *
 * @module
 */
import { encode } from 'cborg';
import type { RequestParts } from '../support/requests.ts';
import { basic } from '../support/service.ts';
import type { DescribedServices, ServiceName } from './described-services.ts';
import type { Answer } from '../support/raw-client.ts';

export interface Produced extends RequestParts {
  /** Who is asked; the whole service where absent. */
  readonly of?: ServiceName;
  /** What must be done before. */
  readonly before?: (services: DescribedServices) => Promise<Partial<RequestParts>>;
}

export interface Sample extends Produced {
  /** The status of the good request. */
  readonly status: number;
  /** Other answers, by what is to be sent otherwise; `header` and `body` of the good request stay where they are not. */
  readonly others?: Readonly<Record<string, Produced | readonly Produced[]>>;
}

const LARGE = `{"username":"${'x'.repeat(70_000)}"}`;
const json = (value: object) => JSON.stringify(value);
const asJson = { 'Content-Type': 'application/json' };
const headersOf = (user: string, password?: string) => ({
  'Auth-User': user,
  'Auth-Pass': password,
  'Auth-Protocol': 'imap',
});
const WRONG_MODE: Produced = { query: '?mode=nothing' };

/** What is produced alike at every operation that describes it. */
export const COMMON: Readonly<Record<string, Produced>> = {
  '401': { headers: { Authorization: undefined } },
  '413': { body: LARGE },
  '415': { headers: { 'Content-Type': 'image/png' } },
  '503': { of: 'busy' },
  default: { headers: { Expect: 'wonders' } },
};

export async function produce(services: DescribedServices, status: string, parts: Produced): Promise<Answer> {
  const { of: name = 'whole', before, ...request } = parts;
  const more = await before?.(services);
  const asked = { ...request, ...more, headers: { ...request.headers, ...more?.headers } };
  return status === '429' ? services.askAsGuesser(asked) : services.ask(name, asked);
}

/** An order for a job, and the path at which it is asked for. */
const jobOrdered = async (services: DescribedServices) => {
  const body = json({ user: 'alice@example.test' });
  const length = String(body.length);
  const headers = { ...asJson, 'Content-Length': length };
  const { body: text } = await services.ask('whole', { path: '/api/v1/cache/flush/async', body, headers });
  const { result } = JSON.parse(text) as { result: { jobId: string } };
  return { path: `/api/v1/async/jobs/${result.jobId}` };
};
const nothing = async () => ({});
const crowd = async (services: DescribedServices) => {
  await services.crowdProofs();
  return {};
};
const decided = async (services: DescribedServices) => {
  const body = json({ username: 'alice@example.test', password: 'alice-pw' });
  const { headers } = await services.ask('whole', { body });
  return { path: `/api/v1/explain/${headers['x-nauthilus-session']}` };
};

const login = json({ username: 'alice@example.test', password: 'alice-pw', protocol: 'imap' });
const form = 'username=alice%40example.test&password=alice-pw&service=imap';
const alice = { Authorization: basic('alice@example.test', 'alice-pw') };

const JSON_LOGIN: Sample = {
  status: 200,
  body: login,
  others: {
    '200': [
      { query: '?fields=dovecot24' },
      { query: '?fields=dovecot23' },
      { query: '?mode=no-auth' },
      { query: '?mode=list-accounts' },
      { query: '?mode=list-accounts', headers: { Accept: 'text/plain' } },
    ],
    '400': [
      { body: '[]' },
      { body: '{}' },
      WRONG_MODE,
      { body: json({ username: 'a', client_ip: 'x', password: 'x' }) },
    ],
    '403': [
      { body: json({ username: 'alice@example.test', password: 'wrong' }) },
      { body: json({ username: 'nobody@example.test', password: 'wrong' }) },
      { body: json({ username: 'nobody@example.test', password: 'wrong' }), query: '?fields=dovecot24' },
    ],
    '406': { query: '?mode=list-accounts', headers: { Accept: 'image/png' } },
    '500': [
      { of: 'broken', body: json({ username: 'bob@away.test', password: 'x' }) },
      { of: 'broken', body: json({ username: 'bob@away.test', password: 'x' }), query: '?fields=dovecot24' },
      { of: 'broken', query: '?mode=list-accounts' },
    ],
  },
};
const CBOR_LOGIN: Sample = {
  status: 200,
  headers: { 'Content-Type': 'application/cbor' },
  body: encode({ username: 'alice@example.test', password: 'alice-pw', protocol: 'imap' }),
  others: {
    '200': [{ query: '?mode=no-auth' }, { query: '?mode=list-accounts' }],
    '400': [{ body: '{}' }, WRONG_MODE],
    '403': { body: encode({ username: 'alice@example.test', password: 'wrong' }) },
    '406': { query: '?mode=list-accounts', headers: { Accept: 'image/png' } },
    '500': [
      { of: 'broken', body: encode({ username: 'bob@away.test', password: 'x' }) },
      { of: 'broken', query: '?mode=list-accounts' },
    ],
  },
};
const LIST: Sample = {
  status: 200,
  query: '?mode=list-accounts',
  others: {
    '200': ['text/plain', 'application/json', 'application/cbor', 'application/x-www-form-urlencoded'].map(
      (type): Produced => ({ headers: { Accept: type } }),
    ),
    '400': WRONG_MODE,
    '405': { query: '' },
    '406': { headers: { Accept: 'image/png' } },
    '500': { of: 'broken' },
  },
};
const HEADER_LOGIN: Sample = {
  status: 200,
  headers: headersOf('alice@example.test', 'alice-pw'),
  others: {
    '200': [{ query: '?mode=no-auth' }, { query: '?mode=list-accounts' }],
    '400': [{ headers: { 'Auth-User': undefined } }, WRONG_MODE],
    '403': { headers: headersOf('alice@example.test', 'wrong') },
    '406': { query: '?mode=list-accounts', headers: { Accept: 'image/png' } },
    '500': [
      { of: 'broken', headers: headersOf('bob@away.test', 'x') },
      { of: 'broken', query: '?mode=list-accounts' },
    ],
  },
};
const NGINX_LOGIN: Sample = {
  status: 200,
  headers: headersOf('alice@example.test', 'alice-pw'),
  others: {
    '200': [
      { query: '?mode=no-auth' },
      { headers: headersOf('alice@example.test', 'wrong') },
      { headers: { ...headersOf('alice@example.test', 'wrong'), 'Auth-Protocol': 'smtp' } },
      { of: 'broken', headers: { ...headersOf('bob@away.test', 'x'), 'Auth-Protocol': 'smtp' } },
    ],
    '400': [{ headers: { 'Auth-User': undefined } }, { headers: { 'Auth-User': undefined, 'Auth-Protocol': 'smtp' } }],
  },
};
const BASIC_LOGIN: Sample = {
  status: 200,
  headers: alice,
  others: {
    '400': { headers: { 'Auth-SSL': 'perhaps' } },
    '401': [
      { headers: { Authorization: undefined } },
      { headers: { Authorization: basic('alice@example.test', 'no') } },
    ],
    '404': { of: 'distant' },
    '500': { of: 'broken', headers: { Authorization: basic('bob@away.test', 'x') } },
  },
};
const CACHE_FLUSH: Sample = {
  status: 200,
  headers: asJson,
  body: json({ user: 'alice@example.test' }),
  others: { '400': [{ body: '{}' }, { body: '{"user":7}' }, { body: '[' }], '500': { of: 'broken' } },
};
const GUESSES_FLUSH: Sample = {
  status: 200,
  headers: asJson,
  body: json({ ip_address: '192.0.2.7', rule_name: '*' }),
  others: {
    '200': [{ body: json({ account: 'alice@example.test' }) }, { body: json({ network: '192.0.2.0/24' }) }],
    '400': [{ body: '{}' }, { body: '{"ip_address":"x"}' }],
    '500': { of: 'broken' },
  },
};
const later = (sample: Sample): Sample => {
  const { '400': wrong = [] } = sample.others ?? {};
  return { ...sample, status: 202, others: { '400': wrong } };
};
const ALLOW: Sample = {
  status: 200,
  query: '?command=allow',
  body: json({ login: 'alice@example.test', remote: '192.0.2.7', pwhash: '01', protocol: 'imap', tls: true }),
  others: {
    '200': [
      { query: '?command=ping' },
      {
        query: '?command=report',
        body: json({ login: 'alice@example.test', remote: '192.0.2.7', pwhash: '02', success: false, tls: true }),
      },
    ],
    '400': [{ body: '{}' }, { query: '?command=allow&command=report' }],
    '404': { query: '?command=nothing' },
  },
};
const PING: Sample = {
  status: 200,
  query: '?command=ping',
  others: {
    '400': { query: '?command=ping&command=ping' },
    '404': { query: '?command=nothing' },
    '405': { query: '?command=allow' },
  },
};
const METRICS: Sample = {
  status: 200,
  others: {
    '401': { headers: { Authorization: undefined, 'X-Forwarded-For': '192.0.2.9' } },
    '429': { headers: { 'X-Forwarded-For': '192.0.2.9' } },
    '503': { of: 'busy', before: crowd, headers: { 'X-Forwarded-For': '192.0.2.9' } },
  },
};
const BLOCK = json({ ip_address: '192.0.2.99', reason: 'test', ttl: 60 });

/** By the ids of operations; what further methods are asked is the same. */
export const SAMPLES: Readonly<Record<string, Sample>> = {
  askJson: JSON_LOGIN,
  listByJson: LIST,
  askCbor: CBOR_LOGIN,
  listByCbor: LIST,
  askByHeaders: HEADER_LOGIN,
  askForNginx: NGINX_LOGIN,
  askByBasic: BASIC_LOGIN,
  askByForm: {
    status: 200,
    body: form,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    others: {
      '400': [{ body: 'x' }, { body: 'username=&password=x' }],
      '403': { body: form.replace('alice-pw', 'wrong') },
      '500': { of: 'broken', body: 'username=bob%40away.test&password=x' },
    },
  },
  askPolicy: ALLOW,
  askPolicyPing: PING,
  askPolicyAtRoot: ALLOW,
  askPolicyAtRootPing: PING,
  flushCache: CACHE_FLUSH,
  flushCacheLater: later(CACHE_FLUSH),
  flushGuesses: GUESSES_FLUSH,
  flushGuessesLater: later(GUESSES_FLUSH),
  findJob: {
    status: 200,
    before: jobOrdered,
    others: {
      '404': { before: nothing, path: '/api/v1/async/jobs/none' },
      '500': { of: 'broken', before: nothing, path: '/api/v1/async/jobs/none' },
    },
  },
  listBlocks: {
    status: 200,
    others: {
      '200': [{ query: '?limit=1&offset=0' }, { query: '?ip_address=192.0.2.99&rule=manual' }],
      '400': [{ query: '?limit=0' }, { query: '?network=x' }],
      '500': { of: 'broken' },
    },
  },
  findBlocks: {
    status: 200,
    body: json({ ip_addresses: ['192.0.2.99'] }),
    others: { '400': [{ body: '[]' }, { body: '{"accounts":"x"}' }], '500': { of: 'broken' } },
  },
  block: {
    status: 200,
    body: BLOCK,
    others: {
      '200': {
        body: json({
          account: 'carol@example.test',
          reason: 'test',
          until: new Date(Date.now() + 60_000).toISOString(),
        }),
      },
      '400': [{ body: '{}' }, { body: json({ ip_address: '192.0.2.99', reason: 'test', ttl: 0 }) }],
      '500': { of: 'broken' },
    },
  },
  unblock: {
    status: 200,
    headers: asJson,
    body: json({ ip_address: '192.0.2.99' }),
    others: { '400': { body: '{}' }, '500': { of: 'broken' } },
  },
  explainDecision: {
    status: 200,
    before: decided,
    others: {
      '400': { before: nothing, path: '/api/v1/explain/x' },
      '404': { before: nothing, path: '/api/v1/explain/01M863NHEW0000KNE3CJN6RR2T' },
    },
  },
  explainLogin: {
    status: 200,
    body: json({ username: 'alice@example.test', client_ip: '192.0.2.7', protocol: 'imap' }),
    others: {
      '200': { body: json({ username: 'alice@example.test', client_ip: '192.0.2.99', ssl: false }) },
      '400': [{ body: '{}' }, { body: '{"password":"x"}' }, { body: '{"ssl":"x"}' }],
    },
  },
  listMailHosts: { status: 200 },
  orderMailHosts: {
    status: 200,
    body: json({ host: '127.0.0.1', mode: 'drain', reason: 'test' }),
    others: {
      '200': { body: json({ host: '127.0.0.1', mode: 'resume' }) },
      '400': [{ body: '{}' }, { body: json({ host: '127.0.0.1', mode: 'x' }) }],
      '404': { body: json({ host: '192.0.2.1', mode: 'drain' }) },
      '500': { of: 'broken' },
    },
  },
  isLive: { status: 200 },
  isReady: { status: 200, others: { '503': { of: 'broken' } } },
  readMetrics: METRICS,
  describeByJson: { status: 200 },
  describeByYaml: { status: 200 },
};
