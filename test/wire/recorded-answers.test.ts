import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type App, start } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { Secret } from '../../src/login/secret.ts';
import { hashPassword } from '../../src/passwords/hash-password.ts';
import { directorySecret } from '../daemons/directory-backend.ts';
import { startSlapd } from '../daemons/slapd.ts';
import { entries } from './recorded/accounts.ts';
import { JSON_CASES } from './recorded/json-cases.ts';
import { MAIL_PORT, OTHER_CASES } from './recorded/other-cases.ts';
import { ANY_BODY, type AnswerFacts } from './recorded/recorded-case.ts';
import { type Answer, RawClient } from './support/raw-client.ts';
import { request, type RequestParts } from './support/requests.ts';

const CASES = [...JSON_CASES, ...OTHER_CASES];
const BACKEND = {
  type: 'ldap',
  name: 'directory',
  base_dn: 'ou=people,dc=example,dc=test',
  filters: { user: '(&(uid=user*)(|(mail=%{user})(uid=%{user})))', list: '(uid=user*)' },
  account_attribute: 'mail',
  attributes: ['mail', 'uid'],
};

describe('what the Go implementation was asked', () => {
  const opened = new AsyncDisposableStack();
  let app: App;
  let mailPort = 0;
  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nauthilus-recorded-'));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const slapd = opened.use(await startSlapd({ ldif: entries() }));
    mailPort = await openMailHost(opened);
    const pool = { name: 'mail', protocols: ['imap', 'smtp'], hosts: [{ host: '127.0.0.1', port: mailPort }] };
    const { serviceDn: dn, url } = slapd;
    const [[secret, text] = ['', '']] = Object.entries(directorySecret(slapd));
    await writeFile(join(folder, secret), text, { mode: 0o600 });
    const caller = {
      name: 'mx',
      secret: await hashPassword(Secret.fromText('a caller secret'), 'SSHA256'),
      scopes: ['authenticate', 'lookup', 'list', 'admin'],
    };
    const settings = {
      listeners: [{ address: '127.0.0.1', port: 0 }],
      callers: [caller],
      backends: [{ ...BACKEND, servers: [url], bind: { dn, password: { file: secret } } }],
      mail_hosts: { pools: [pool] },
    };
    const file = join(folder, 'nauthilus.yaml');
    await writeFile(file, JSON.stringify(settings));
    app = opened.use(await start(await loadConfig(file, {}), { version: 'test', logDestination: join(folder, 'log') }));
  });
  after(() => opened.disposeAsync());

  for (const { name, ask, recorded, ours, differs } of CASES)
    it(`is answered ${differs === undefined ? 'alike' : `with differences (${differs.join(', ')})`}: ${name}`, async () => {
      const answer = await asked(ask);

      match(answer, ours === undefined ? recorded : merged(recorded, ours));
      if (ours !== undefined)
        assert.throws(() => match(answer, recorded), assert.AssertionError, 'it is answered alike, and said to differ');
    });

  it('and is answered otherwise is told, with the reason, in docs/compatibility.md', async () => {
    const text = await readFile(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');
    const [, section = ''] = text.split('\n## Answers that differ\n');
    const [table = ''] = section.split('\n## ');
    const listed = [...table.matchAll(/^\| `([a-z-]+)` \| (.+) \| (.+) \|$/gm)].map(([, id]) => id);
    const used = new Set(CASES.flatMap(({ differs = [] }) => differs));

    assert.deepEqual(new Set(listed), used);
    assert.equal(listed.length, used.size, 'a difference is listed twice');
    assert.deepEqual(
      CASES.filter(({ ours, differs }) => (ours === undefined) !== (differs === undefined)),
      [],
    );
    assert.equal(new Set(CASES.map(({ name }) => name)).size, CASES.length);
  });

  async function asked(parts: RequestParts): Promise<Answer> {
    using client = await RawClient.open(Number(new URL(app.urls[0] ?? '').port));
    const { body, method = 'POST' } = parts;
    const length = body === undefined || method === 'POST' ? {} : { 'Content-Length': String(body.length) };
    return await client.write(request({ ...parts, headers: { ...parts.headers, ...length } })).read();
  }

  function match({ status, headers, body }: Answer, facts: AnswerFacts): void {
    assert.equal(status, facts.status, body);
    for (const [name, value] of Object.entries(facts.headers ?? {})) {
      const found = headers[name.toLowerCase()];
      if (value === '*') assert.ok(found !== undefined && found !== '', name);
      else assert.equal(found, value === MAIL_PORT ? String(mailPort) : value, name);
    }
    matchBody(body, facts.body);
  }
});

function merged(recorded: AnswerFacts, ours: Partial<AnswerFacts>): AnswerFacts {
  return { ...recorded, ...ours, headers: { ...recorded.headers, ...ours.headers } };
}

function matchBody(body: string, facts: AnswerFacts['body']): void {
  if (facts === ANY_BODY) return;
  if (facts === undefined) assert.equal(body, '');
  else if (typeof facts === 'string') assert.equal(body, facts);
  else matchValue(JSON.parse(body), facts, 'body');
}

/** Members that must be there may be among others; lists may be in any order; `*` is any text. */
function matchValue(value: unknown, facts: unknown, where: string): void {
  if (facts === '*') assert.equal(typeof value, 'string', where);
  else if (Array.isArray(facts) && facts.every((fact) => typeof fact === 'string'))
    assert.deepEqual((value as string[]).toSorted(), (facts as string[]).toSorted(), where);
  else if (typeof facts === 'object' && facts !== null) {
    assert.ok(typeof value === 'object' && value !== null, where);
    for (const [name, fact] of Object.entries(facts))
      matchValue((value as Readonly<Record<string, unknown>>)[name], fact, `${where}.${name}`);
  } else assert.deepEqual(value, facts, where);
}

/** A port at which somebody answers. */
async function openMailHost(opened: AsyncDisposableStack): Promise<number> {
  const server = createServer((socket) => void socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.defer(() => void server.close());
  return (server.address() as { readonly port: number }).port;
}
