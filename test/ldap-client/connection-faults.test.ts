import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TAG } from '../../src/backends/ldap/client/ber/ber-tags.ts';
import { type ConnectionOptions, LdapConnection } from '../../src/backends/ldap/client/connection.ts';
import { parseFilter } from '../../src/backends/ldap/client/filter/filter.ts';
import type { OperationLimits } from '../../src/backends/ldap/client/limits.ts';
import { prepareSearch } from '../../src/backends/ldap/client/message/request.ts';
import { searchPages } from '../../src/backends/ldap/client/paged-search.ts';
import { type Script, type ScriptedServer, startScriptedServer } from './scripted-server.ts';
import { bindDone, foundEntry, noticeOfDisconnection, searchDone, startTlsDone } from './server-messages.ts';

const LIMITS: OperationLimits = { timeoutMs: 2000 };
const REQUEST = {
  search: prepareSearch({ baseDn: 'dc=test', scope: 'subtree', attributes: ['uid'] }),
  filter: parseFilter('(uid=a)'),
};
const answer: Script = ({ id, tag }, socket) => {
  if (tag === TAG.searchRequest) socket.write(Buffer.concat([foundEntry(id), searchDone(id)]));
  if (tag === TAG.bindRequest) socket.write(bindDone(id));
};
const silent: Script = () => {};

interface Pair extends AsyncDisposable {
  readonly server: ScriptedServer;
  readonly connection: LdapConnection;
}

async function connected(script: Script, options: ConnectionOptions = {}): Promise<Pair> {
  const server = await startScriptedServer(script);
  const outcome = await LdapConnection.open({ kind: 'ldap', host: '127.0.0.1', port: server.port }, LIMITS, options);
  assert.ok(outcome.kind === 'open', JSON.stringify(outcome));
  const { connection } = outcome;
  return {
    server,
    connection,
    async [Symbol.asyncDispose]() {
      connection.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('an LDAP connection', () => {
  it('has many searches under way, and gives each its own answer in whatever order they come', async () => {
    const held: number[] = [];
    await using pair = await connected(({ id, tag }, socket) => {
      if (tag === TAG.searchRequest) held.push(id);
      if (held.length < 50) return;
      for (const late of held.splice(0).reverse())
        socket.write(Buffer.concat([foundEntry(late, `cn=${late}`), searchDone(late)]));
    });

    const outcomes = await Promise.all(Array.from({ length: 50 }, () => pair.connection.search(REQUEST, LIMITS)));

    assert.deepEqual(
      outcomes.map((outcome) => (outcome.kind === 'done' ? outcome.entries.map((entry) => entry.dn) : outcome)),
      Array.from({ length: 50 }, (_, index) => [`cn=${index + 1}`]),
    );
  });

  it('reads an answer that comes byte by byte', async () => {
    await using pair = await connected(async ({ id }, socket) => {
      socket.setNoDelay(true);
      for (const byte of Buffer.concat([foundEntry(id), searchDone(id)])) {
        socket.write(Buffer.of(byte));
        await sleep(0);
      }
    });

    const outcome = await pair.connection.search(REQUEST, LIMITS);

    assert.ok(outcome.kind === 'done' && outcome.entries[0]?.text('uid') === 'a');
  });

  it('abandons what takes too long, leaves the rest alone, and ignores the answer that comes late', async () => {
    let first = 0;
    await using pair = await connected((request, socket) => {
      if (request.tag === TAG.searchRequest && first === 0) first = request.id;
      else if (request.tag === TAG.abandonRequest) socket.write(Buffer.concat([foundEntry(first), searchDone(first)]));
      else answer(request, socket);
    });

    const slow = pair.connection.search(REQUEST, { timeoutMs: 50 });
    const quick = await pair.connection.search(REQUEST, LIMITS);

    assert.equal(quick.kind, 'done');
    assert.equal((await slow).kind, 'timeout');
    assert.equal((await pair.connection.search(REQUEST, LIMITS)).kind, 'done');
    assert.deepEqual(pair.server.requests.map(({ abandonedId }) => abandonedId).filter(Boolean), [first]);
    assert.equal(pair.connection.inFlight, 0);
  });

  it('gives an operation up when its signal fires, at once where it had fired before', async () => {
    await using pair = await connected(silent);
    const controller = new AbortController();

    const outcome = pair.connection.search(REQUEST, { ...LIMITS, signal: controller.signal });
    await sleep(20);
    controller.abort();

    assert.equal((await outcome).kind, 'timeout');
    assert.equal((await pair.connection.search(REQUEST, { ...LIMITS, signal: controller.signal })).kind, 'timeout');
    await sleep(20);
    assert.deepEqual(
      pair.server.requests.map(({ tag }) => tag),
      [TAG.searchRequest, TAG.abandonRequest],
    );
  });

  for (const [what, script] of [
    [
      'is reset in the middle of a message',
      ({ id }, socket) => socket.write(foundEntry(id).subarray(0, 9), () => socket.resetAndDestroy()),
    ],
    ['is closed in order', (_, socket) => socket.end()],
    ['brings a length of two gigabytes', (_, socket) => socket.write(Buffer.from('30847fffffff', 'hex'))],
    ['brings something that is no LDAP', (_, socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['brings a malformed message', (_, socket) => socket.write(Buffer.from('3006020101650fff', 'hex'))],
    ['brings a notice of disconnection', (_, socket) => socket.write(noticeOfDisconnection())],
    ['brings the answer to a bind for a search', ({ id }, socket) => socket.write(bindDone(id))],
  ] satisfies [string, Script][]) {
    it(`ends each operation once as lost where it ${what}`, async () => {
      await using pair = await connected(({ id, tag }, socket) => {
        if (tag === TAG.searchRequest && id === 3) script({ id, tag }, socket);
      });

      const outcomes = await Promise.all([1, 2, 3].map(() => pair.connection.search(REQUEST, LIMITS)));

      assert.deepEqual(
        outcomes.map(({ kind }) => kind),
        Array(3).fill('connection-lost'),
      );
      assert.equal((await pair.connection.search(REQUEST, LIMITS)).kind, 'connection-lost');
      assert.equal((await pair.connection.closed).kind, 'connection-lost');
      assert.equal(pair.connection.inFlight, 0);
    });
  }

  it('waits for its own answer where others come for nobody', async () => {
    await using pair = await connected((request, socket) => {
      socket.write(Buffer.concat([foundEntry(900), searchDone(900), searchDone(901)]));
      answer(request, socket);
    });

    const outcome = await pair.connection.search(REQUEST, LIMITS);

    assert.ok(outcome.kind === 'done' && outcome.entries.length === 1);
  });

  it('gives up a search that finds more than it may, and serves the next', async () => {
    await using pair = await connected(({ id, tag }, socket) => {
      if (tag === TAG.searchRequest)
        socket.write(Buffer.concat([foundEntry(id), foundEntry(id), foundEntry(id), searchDone(id)]));
    });

    assert.equal((await pair.connection.search({ ...REQUEST, maxEntries: 2 }, LIMITS)).kind, 'protocol-error');
    assert.equal((await pair.connection.search({ ...REQUEST, maxEntries: 3 }, LIMITS)).kind, 'done');
  });

  it('refuses what goes beyond its bound, and sends nothing of it', async () => {
    await using pair = await connected(silent, { maxInFlight: 2 });

    const outcomes = await Promise.all([1, 2, 3].map(() => pair.connection.search(REQUEST, { timeoutMs: 50 })));

    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['timeout', 'timeout', 'overloaded'],
    );
  });

  it('refuses more once the server has stopped reading', async () => {
    await using pair = await connected((_, socket) => socket.pause());
    const large = {
      ...REQUEST,
      search: prepareSearch({ baseDn: `cn=${'x'.repeat(500_000)}`, scope: 'base', attributes: [] }),
    };
    const outcomes: string[] = [];

    for (let count = 0; count < 40 && !outcomes.includes('overloaded'); count++) {
      outcomes.push((await pair.connection.search(large, { timeoutMs: 10 })).kind);
    }

    assert.equal(outcomes.at(-1), 'overloaded');
  });

  it('never sends a bind that would prove nothing, and closes after a bind without an answer', async () => {
    await using pair = await connected(silent);

    for (const [dn, password] of [
      ['cn=a', ''],
      ['', 'secret'],
      ['', ''],
    ] as const) {
      const credentials = { kind: 'simple', dn, password: Buffer.from(password) } as const;
      assert.equal((await pair.connection.bind(credentials, LIMITS)).kind, 'protocol-error');
    }
    const bind = pair.connection.bind({ kind: 'simple', dn: 'cn=a', password: Buffer.from('b') }, { timeoutMs: 50 });
    assert.equal((await pair.connection.search(REQUEST, LIMITS)).kind, 'overloaded');

    assert.equal((await bind).kind, 'timeout');
    assert.equal(pair.connection.failure?.kind, 'connection-lost');
    assert.deepEqual(
      pair.server.requests.map(({ tag }) => tag),
      [TAG.bindRequest],
    );
  });

  it('says goodbye when it is closed, and ends what is under way', async () => {
    await using pair = await connected(silent);

    const outcome = pair.connection.search(REQUEST, LIMITS);
    pair.connection.close();

    assert.equal((await outcome).kind, 'connection-lost');
    while (pair.server.open.size > 0) await sleep(5);
    assert.deepEqual(
      pair.server.requests.map(({ tag }) => tag),
      [TAG.searchRequest, TAG.unbindRequest],
    );
  });

  it('fails to connect where nobody listens, where nobody answers TLS, and where StartTLS is not had', async () => {
    await using server = await startScriptedServer(silent);
    const { prepareTls } = await import('../../src/backends/ldap/client/server-address.ts');
    const place = { host: '127.0.0.1', port: server.port, tls: prepareTls() };
    const open = async (kind: 'ldaps' | 'ldap+starttls', script: Script): Promise<string> => {
      server.script = script;
      const outcome = await LdapConnection.open({ kind, ...place }, { timeoutMs: 200 });
      return outcome.kind === 'open' ? 'open' : `${outcome.kind}: ${outcome.detail}`;
    };

    assert.match(await open('ldap+starttls', silent), /^connect-failed: not within 200 ms/);
    assert.match(
      await open('ldap+starttls', ({ id }, socket) => socket.write(startTlsDone(id, 2))),
      /refuses StartTLS: protocolError/,
    );
    assert.match(await open('ldap+starttls', ({ id }, socket) => socket.write(searchDone(id))), /something else/);
    assert.match(await open('ldap+starttls', ({ id }, socket) => socket.write(startTlsDone(id + 1))), /something else/);
    assert.match(await open('ldap+starttls', (_, socket) => socket.write('220 hello')), /unexpected-tag/);
    assert.match(await open('ldap+starttls', (_, socket) => socket.end()), /closed the connection/);
    assert.match(await open('ldap+starttls', (_, socket) => socket.write(noticeOfDisconnection())), /disconnects/);
    const injected: Script = ({ id }, socket) => socket.write(Buffer.concat([startTlsDone(id), searchDone(2)]));
    assert.match(await open('ldap+starttls', injected), /in the clear/);
    const halfInjected: Script = ({ id }, socket) => socket.write(Buffer.concat([startTlsDone(id), Buffer.of(0x30)]));
    assert.match(await open('ldap+starttls', halfInjected), /in the clear/);
    await sleep(20);
    assert.equal(server.open.size, 0);
    const nobody = await LdapConnection.open({ kind: 'ldapi', path: '/nonexistent/ldapi' }, LIMITS);
    assert.match(JSON.stringify(nobody), /connect-failed.*ENOENT/);
  });

  it('stops a paged search whose server gives empty pages for ever, and returns the cookie of one left early', async () => {
    const cookie = Buffer.from('3008020100040361626300'.slice(0, 20), 'hex');
    const { responseControl, resultOf, serverMessage } = await import('./server-messages.ts');
    const { encodeElement } = await import('../../src/backends/ldap/client/ber/ber-writer.ts');
    await using pair = await connected(({ id }, socket) => {
      const control = encodeElement(TAG.controls, responseControl('1.2.840.113556.1.4.319', cookie));
      socket.write(serverMessage(id, resultOf(TAG.searchDone, 0), control));
    });
    const kinds: string[] = [];

    for await (const page of searchPages(pair.connection, REQUEST, { pageSize: 10, limits: LIMITS }))
      kinds.push(page.kind);
    for await (const page of searchPages(pair.connection, REQUEST, { pageSize: 10, limits: LIMITS })) {
      kinds.push(page.kind);
      break;
    }
    await sleep(20);

    assert.deepEqual(kinds, ['done', 'protocol-error', 'done']);
    assert.equal(pair.server.requests.length, 2 + 1 + 1 + 1);
  });
});
