import { account, MOST, password } from './accounts.ts';
import { type AnswerFacts, ANY_BODY, type RecordedCase } from './recorded-case.ts';

const json = (fields: object): string => JSON.stringify(fields);
const session = { 'X-Nauthilus-Session': '*' } as const;
const jsonType = { 'Content-Type': 'application/json; charset=utf-8' } as const;

export const ACCOUNTS: readonly string[] = Array.from({ length: MOST }, (_, i) => account(i + 1));

export function accepted(n: number, cache: 'Hit' | 'Miss'): AnswerFacts {
  const uid = `user${n}`;
  return {
    status: 200,
    headers: {
      'Auth-Status': 'OK',
      'Auth-User': account(n),
      'X-Nauthilus-Memory-Cache': cache,
      ...jsonType,
      ...session,
    },
    body: {
      ok: true,
      account_field: 'mail',
      totp_secret_field: '',
      backend: 2,
      attributes: { dn: [`uid=${uid},ou=people,dc=example,dc=test`], mail: [account(n)], uid: [uid] },
    },
  };
}

/** The same here: the backend by its name, and no `dn` among the attributes. */
export function acceptedHere(n: number): Partial<AnswerFacts> {
  const attributes = { mail: [account(n)], uid: [`user${n}`] };
  return { body: { ok: true, account_field: 'mail', totp_secret_field: '', backend: 'directory', attributes } };
}

export const ACCEPTED_DIFFERS = ['backend-names', 'no-dn'] as const;

export function refused(wait = '0'): AnswerFacts {
  const headers = { 'Auth-Status': 'Invalid login or password', 'Auth-Wait': wait, ...jsonType, ...session };
  return { status: 403, headers, body: null };
}
export const REFUSED_BODY = { body: { ok: false, error: 'Invalid login or password' } } as const;

const requiredField = (field: string): AnswerFacts => ({
  status: 400,
  headers: jsonType,
  body: { errors: [{ field, message: 'This field is required' }] },
});
const problemHere = (field?: string) => ({
  headers: { 'Auth-Status': 'Bad request', ...session },
  body: field === undefined ? { error: TEXT } : { error: TEXT, errors: [{ field, message: TEXT }] },
});
/** Any text. */
export const TEXT = '*';

const full = (n: number, more: object = {}) => ({
  username: account(n),
  password: password(n),
  client_ip: '198.51.100.10',
  client_port: '54321',
  client_id: 'c1',
  local_ip: '192.0.2.1',
  local_port: '993',
  protocol: 'imap',
  method: 'plain',
  ssl: 'on',
  ssl_protocol: 'TLSv1.3',
  ...more,
});
const plain = (n: number, more: object = {}) => ({
  username: account(n),
  password: password(n),
  protocol: 'imap',
  ...more,
});

const acceptedCase = (name: string, n: number, cache: 'Hit' | 'Miss', ask: RecordedCase['ask']): RecordedCase => ({
  name,
  ask,
  recorded: accepted(n, cache),
  ours: acceptedHere(n),
  differs: ACCEPTED_DIFFERS,
});
/** The same, remembered otherwise than there. */
const rememberedCase = (one: RecordedCase, n: number, cache: 'Hit' | 'Miss'): RecordedCase => ({
  ...one,
  ours: { headers: { ...accepted(n, cache).headers }, ...acceptedHere(n) },
  differs: [...ACCEPTED_DIFFERS, 'remembered-answers'],
});
const refusedCase = (name: string, fields: object, query = ''): RecordedCase => ({
  name,
  ask: { query, body: json(fields) },
  recorded: refused(),
  ours: REFUSED_BODY,
  differs: ['refusal-bodies'],
});

/** What was malformed there and here. */
const malformed = (name: string, body: string, recorded: AnswerFacts, field?: string): RecordedCase => ({
  name,
  ask: { body },
  recorded,
  ours: problemHere(field),
  differs: ['problem-bodies'],
});
const decoderSays = (error: string): AnswerFacts => ({ status: 400, headers: jsonType, body: { error } });

/** What was refused there as malformed, and is taken here. */
const taken = (name: string, n: number, differs: string, fields: object): RecordedCase => ({
  name,
  ask: { body: json(fields) },
  recorded: { status: 400, headers: { ...jsonType, 'Auth-Status': undefined }, body: { error: TEXT } },
  ours: {
    status: 200,
    headers: { ...accepted(n, 'Miss').headers, 'X-Nauthilus-Memory-Cache': '*' },
    ...acceptedHere(n),
  },
  differs: [differs],
});

export const JSON_CASES: readonly RecordedCase[] = [
  acceptedCase('a login', 1, 'Miss', { body: json(full(1)) }),
  acceptedCase('a login again', 1, 'Hit', { body: json(full(1)) }),
  {
    ...acceptedCase('a login that is not to be answered from memory', 1, 'Miss', {
      query: '?cache=0&in-memory=0',
      body: json(full(1)),
    }),
    ours: { headers: { ...accepted(1, 'Miss').headers, 'X-Nauthilus-Memory-Cache': 'Hit' }, ...acceptedHere(1) },
    differs: [...ACCEPTED_DIFFERS, 'no-cache-parameters'],
  },
  acceptedCase('a login by another name of the account', 2, 'Miss', { body: json({ ...plain(2), username: 'user2' }) }),
  acceptedCase('a login without a protocol', 3, 'Miss', {
    body: json({ username: account(3), password: password(3) }),
  }),
  acceptedCase('a login in capitals', 4, 'Miss', { body: json({ ...plain(4), username: 'USER4@Example.TEST' }) }),
  {
    name: 'a login with a key of idempotency',
    ask: { body: json(plain(5)), headers: { 'Idempotency-Key': 'abc-123', 'Accept-Encoding': 'gzip' } },
    recorded: { ...accepted(5, 'Miss'), headers: { ...accepted(5, 'Miss').headers, 'Idempotency-Key': 'abc-123' } },
    ours: { headers: { ...accepted(5, 'Miss').headers, 'Idempotency-Key': undefined }, ...acceptedHere(5) },
    differs: [...ACCEPTED_DIFFERS, 'no-idempotency-key'],
  },
  refusedCase('a wrong password', { ...plain(6), password: 'wrong', client_ip: '198.51.100.11' }),
  refusedCase('a wrong password for an account that is remembered', { ...plain(1), password: 'wrong' }),
  {
    name: 'a wrong password at the tenth try',
    ask: { body: json({ ...plain(6), password: 'wrong2', auth_login_attempt: 10 }) },
    recorded: refused('2'),
    ours: { headers: { ...refused().headers, 'Auth-Wait': '0' }, ...REFUSED_BODY },
    differs: ['refusal-bodies', 'waiting'],
  },
  refusedCase('an unknown user', { username: 'nobody@example.test', password: 'x', protocol: 'imap' }),

  acceptedCase('a look-up', 7, 'Miss', {
    query: '?mode=no-auth',
    body: json({ username: account(7), protocol: 'imap' }),
  }),
  rememberedCase(
    acceptedCase('a look-up with an empty password', 7, 'Miss', {
      query: '?mode=no-auth',
      body: json({ username: account(7), password: '', protocol: 'imap' }),
    }),
    7,
    'Hit',
  ),
  acceptedCase('a look-up of an account that is remembered', 1, 'Miss', {
    query: '?mode=no-auth',
    body: json({ username: account(1), protocol: 'imap' }),
  }),
  {
    ...malformed(
      'a look-up without a name',
      json({ username: '', protocol: 'imap' }),
      requiredField('Username'),
      'username',
    ),
    ask: { query: '?mode=no-auth', body: json({ username: '', protocol: 'imap' }) },
  },
  refusedCase('a look-up of a name that nobody can have', { username: 'a b(c)*@example.test' }, '?mode=no-auth'),

  {
    name: 'a list',
    ask: { method: 'GET', query: '?mode=list-accounts', headers: { Accept: 'application/json' } },
    recorded: { status: 200, headers: { ...jsonType, 'Transfer-Encoding': 'chunked' }, body: ACCOUNTS },
  },
  {
    name: 'a list as text',
    ask: { method: 'GET', query: '?mode=list-accounts', headers: { Accept: 'text/plain' } },
    recorded: { status: 200, headers: { 'Content-Type': 'text/plain' }, body: `${account(1)}\r\n` },
    ours: {
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: ACCOUNTS.toSorted()
        .map((name) => `${name}\r\n`)
        .join(''),
    },
    differs: ['whole-lists'],
  },
  {
    name: 'a list as a form',
    ask: { method: 'GET', query: '?mode=list-accounts', headers: { Accept: 'application/x-www-form-urlencoded' } },
    recorded: {
      status: 200,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `${account(1)}\r\n`,
    },
    ours: {
      body: ACCOUNTS.toSorted()
        .map((name) => `account=${encodeURIComponent(name)}`)
        .join('&'),
    },
    differs: ['whole-lists'],
  },
  {
    name: 'a list in a form that there is not',
    ask: { method: 'GET', query: '?mode=list-accounts', headers: { Accept: 'image/png' } },
    recorded: { status: 415 },
    ours: { status: 406, headers: { 'Auth-Status': 'Not acceptable' }, body: { error: TEXT } },
    differs: ['statuses-of-http'],
  },
  {
    name: 'a list by POST',
    ask: { query: '?mode=list-accounts', body: '{}', headers: { Accept: 'application/json' } },
    recorded: requiredField('Username'),
    ours: { status: 200, body: ACCOUNTS },
    differs: ['lists-by-post'],
  },

  ...['none', 'Bearer abc'].map(
    (kind): RecordedCase => ({
      name: `a caller with ${kind === 'none' ? 'no credential' : 'a token'}`,
      ask: { body: json(full(1)), headers: { Authorization: kind === 'none' ? undefined : kind } },
      recorded: { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="restricted", charset="UTF-8"' } },
      ours: {
        headers: {
          'WWW-Authenticate': 'Basic realm="nauthilus", charset="UTF-8"',
          'Auth-Status': 'Caller not authorized',
          ...session,
        },
        body: { error: TEXT },
      },
      differs: ['problem-bodies', 'realm'],
    }),
  ),

  malformed('a body that is cut off', '{"username":"user1@example.test","password":', decoderSays('unexpected EOF')),
  malformed('a body that is no JSON', 'hello', decoderSays("invalid character 'h' looking for beginning of value")),
  malformed(
    'a list for a body',
    '[]',
    decoderSays('json: cannot unmarshal array into Go value of type authdto.Request'),
  ),
  malformed('null for a body', 'null', requiredField('Username')),
  malformed(
    'two values for a body',
    `${json({ username: account(1), password: password(1) })} {"a":1}`,
    decoderSays('json: unknown field "a"'),
  ),
  acceptedCase('names of fields in another case', 1, 'Miss', {
    body: json({ Username: account(1), PASSWORD: password(1), protocol: 'imap' }),
  }),
  malformed('no name', json({ password: 'x', protocol: 'imap' }), requiredField('Username'), 'username'),
  malformed(
    'an empty name',
    json({ username: '', password: 'x', protocol: 'imap' }),
    requiredField('Username'),
    'username',
  ),
  {
    name: 'an empty password',
    ask: { body: json({ username: account(1), password: '', protocol: 'imap' }) },
    recorded: requiredField('Password'),
    ours: { ...refused(), ...REFUSED_BODY },
    differs: ['empty-passwords'],
  },
  taken('a field that is not known', 1, 'unknown-fields', plain(1, { foo: 'bar' })),
  taken('`service` for the protocol', 1, 'unknown-fields', {
    username: account(1),
    password: password(1),
    service: 'imap',
  }),
  taken('a number as text', 1, 'numbers-as-text', plain(1, { auth_login_attempt: '3' })),
  acceptedCase('a field that is null', 1, 'Hit', { body: json(plain(1, { client_ip: null })) }),
  {
    name: 'a name that nobody can have',
    ask: { body: json({ username: 'a b@example.test', password: 'x', protocol: 'imap' }) },
    recorded: { status: 400 },
    ours: { ...refused(), ...REFUSED_BODY },
    differs: ['impossible-names'],
  },
  refusedCase('a name beyond ASCII', { username: 'jörg@example.test', password: 'x', protocol: 'imap' }),

  {
    name: 'a body of another type',
    ask: { body: json(full(1)), headers: { 'Content-Type': 'text/plain' } },
    recorded: { status: 400, headers: jsonType, body: { error: 'Unsupported media type' } },
    ours: { status: 415, body: { error: TEXT } },
    differs: ['statuses-of-http'],
  },
  ...[undefined, 'Application/JSON'].map(
    (type): RecordedCase => ({
      name: `a body ${type === undefined ? 'without a type' : 'whose type is in capitals'}`,
      ask: { body: json(full(1)), headers: { 'Content-Type': type } },
      recorded: { status: 400, headers: jsonType, body: { error: 'Unsupported media type' } },
      ours: { status: 200, headers: accepted(1, 'Hit').headers ?? {}, ...acceptedHere(1) },
      differs: ['types-of-bodies'],
    }),
  ),
  {
    name: 'a form for a body',
    ask: {
      body: 'username=user9&password=password-9&protocol=imap&realm=example.test',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    },
    recorded: accepted(9, 'Miss'),
    ours: {
      status: 415,
      headers: {
        'Auth-Status': 'Unsupported media type',
        'Auth-User': undefined,
        'X-Nauthilus-Memory-Cache': undefined,
        Accept: 'application/json',
      },
      body: ANY_BODY,
    },
    differs: ['types-of-bodies'],
  },
];
