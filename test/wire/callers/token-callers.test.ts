import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as jose from 'jose';
import { createAuthority } from '../../daemons/certificate-authority.ts';
import { freePort } from '../../daemons/free-port.ts';
import { ask, login } from '../support/requests.ts';
import { type CallerService, createCallerService } from './caller-service.ts';

const ISSUER = 'https://id.example.test/';

type Pair = Awaited<ReturnType<typeof jose.generateKeyPair>>;

let service: CallerService;
let issuer: Server;
let port: number;
let pair: Pair;
let config: { callers: object[] };
/** How the issuer answers when it is asked for its keys, and how often it was. */
const keys = { status: 200, body: '', asked: 0 };

async function keySet(kid: string, { publicKey }: Pair): Promise<string> {
  return JSON.stringify({ keys: [{ ...(await jose.exportJWK(publicKey)), kid, use: 'sig' }] });
}

before(async () => {
  service = await createCallerService();
  const folder = join(service.folder, 'issuer');
  await mkdir(folder);
  const authority = await createAuthority(folder);
  const server = await authority.issue({ name: 'issuer', altNames: ['IP:127.0.0.1'] });
  issuer = createServer({ cert: await readFile(server.certificate), key: await readFile(server.key) }, (_, res) => {
    keys.asked += 1;
    res.writeHead(keys.status, keys.status === 302 ? { Location: '/elsewhere' } : {}).end(keys.body);
  }).listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  pair = await jose.generateKeyPair('ES256', { extractable: true });
  await writeFile(join(service.folder, 'keys.json'), await keySet('file', pair));
  port = await freePort();
  const url = `https://127.0.0.1:${(issuer.address() as AddressInfo).port}/keys`;
  const token = { issuer: ISSUER, audience: 'nauthilus', algorithms: ['ES256'] };
  config = {
    callers: [
      {
        name: 'webmail',
        token: { ...token, subject: 'webmail', jwks: { url, ca: authority.certificate } },
        scopes: ['authenticate', 'list'],
      },
      { name: 'script', token: { ...token, subject: 'script', jwks: { file: 'keys.json' } }, scopes: ['authenticate'] },
    ],
  };
  await service.configure({ ...config, listeners: [{ port }] });
});
after(async () => {
  issuer.close();
  issuer.closeAllConnections();
  await service[Symbol.asyncDispose]();
});

let serial = 0;

/** An `Authorization` header with a token that was never sent before. */
async function bearer(claims: object = {}, kid = 'first', signer = pair): Promise<string> {
  serial += 1;
  const token = new jose.SignJWT({ iss: ISSUER, aud: 'nauthilus', sub: 'webmail', jti: String(serial), ...claims })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setExpirationTime('5m');
  return `Bearer ${await token.sign(signer.privateKey)}`;
}

function logIn(authorization: string, query = '') {
  return ask(port, { headers: { Authorization: authorization }, body: login(), query });
}

/** The issuer is asked anew by callers that know nothing yet. */
async function restart(): Promise<void> {
  await service.configure({ ...config, listeners: [{ port }] });
}

describe('a caller with tokens', () => {
  it('waits while the keys of its issuer cannot be had: nobody is refused for that', async () => {
    for (const [status, body, why] of [
      [500, '', 'was answered with 500'],
      [302, '', 'was answered with 302'],
      [200, 'keys', 'is no JSON'],
      [200, '{"keys":[]}', 'holds no keys'],
      [200, '{}', 'holds no set of at most 100 keys'],
      [200, `"${'x'.repeat(300_000)}"`, 'has more than 262144 bytes'],
    ] as const) {
      Object.assign(keys, { status, body });
      await restart();
      const { status: answered, headers } = await logIn(await bearer());
      assert.equal(answered, 503, why);
      assert.match(headers['auth-status'] ?? '', /Temporary/);
      await service.logLines(new RegExp(`"error":"${why}`));
    }
  });

  it('is let in by each token of its own, and its keys are asked for once', async () => {
    Object.assign(keys, { status: 200, body: await keySet('first', pair), asked: 0 });
    await restart();
    const same = await bearer();
    for (let i = 0; i < 3; i += 1) assert.equal((await logIn(same)).status, 200);
    for (let i = 0; i < 20; i += 1) assert.equal((await logIn(await bearer())).status, 200);
    assert.equal(keys.asked, 1);
    await service.logLines(/"caller":"webmail","proof":"token"/);
    await service.logLines(/"caller":"webmail".*"msg":"login accepted"|"caller":"webmail".*"outcome":"accept"/);
  });

  it('is turned away by what is no token of its own, and told of the scheme', async () => {
    const stranger = await jose.generateKeyPair('ES256');
    for (const [authorization, reason] of [
      [await bearer({ aud: 'other' }), /issuer, audience and subject/],
      [await bearer({}, 'first', stranger), /signature verification failed/],
      [await bearer({}, 'never seen'), /no such key/],
      [await bearer({ nbf: Math.floor(Date.now() / 1000) + 600 }), /"reason":"expired-token"/],
    ] as const) {
      const { status, headers, body } = await logIn(authorization);
      assert.equal(status, 401);
      assert.equal(headers['www-authenticate'], 'Bearer realm="nauthilus"');
      assert.match(body, /must send a token as Bearer/);
      await service.logLines(reason);
    }
    assert.ok(keys.asked <= 2, 'unknown keys make the issuer be asked once');
  });

  it('may do what both its entry and its token say', async () => {
    const list = async (scope: string | undefined) => {
      const authorization = await bearer(scope === undefined ? {} : { scope });
      const headers = { Authorization: authorization };
      return (await ask(port, { method: 'GET', query: '?mode=list-accounts', headers })).status;
    };
    assert.equal(await list(undefined), 200);
    assert.equal(await list('openid nauthilus:list_accounts'), 200);
    assert.equal(await list('authenticate'), 401);
    assert.equal((await logIn(await bearer({ scope: 'list' }))).status, 401);
  });

  it('may have its keys in a file', async () => {
    assert.equal((await logIn(await bearer({ sub: 'script' }, 'file'))).status, 200);
    await service.logLines(/"caller":"script","proof":"token"/);
  });

  it('is throttled when it sends wrong ones, and let in by one that is remembered', async () => {
    const good = await bearer();
    assert.equal((await logIn(good)).status, 200);
    const statuses: number[] = [];
    for (let i = 0; i < 14; i += 1) statuses.push((await logIn(`${await bearer()}A`)).status);
    assert.equal(statuses.at(-1), 429);
    assert.equal((await logIn(good)).status, 200);
  });
});
