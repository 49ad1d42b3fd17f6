import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { Secret } from '../../../src/login/secret.ts';
import { hashPassword } from '../../../src/passwords/hash-password.ts';
import { createAuthority, type KeyPairFiles } from '../../daemons/certificate-authority.ts';
import { freePort } from '../../daemons/free-port.ts';
import { RawClient } from '../support/raw-client.ts';
import { login, request } from '../support/requests.ts';
import { basic } from '../support/service.ts';
import { type CallerService, createCallerService } from './caller-service.ts';

let service: CallerService;
let ca: Buffer;
const ports = { optional: 0, required: 0 };
const shown: Record<string, KeyPairFiles> = {};
let config: { callers: object[] };

before(async () => {
  service = await createCallerService();
  const folder = service.folder;
  await mkdir(join(folder, 'other'));
  const [own, other] = [await createAuthority(folder), await createAuthority(join(folder, 'other'))];
  ca = await readFile(own.certificate);
  const server = await own.issue({ name: 'server', altNames: ['IP:127.0.0.1'] });
  const client = { isForClient: true };
  shown['subject'] = await own.issue({ name: 'mx1', ...client });
  shown['san'] = await own.issue({ name: 'x', altNames: ['URI:spiffe://example.test/mx2', 'DNS:MX2.test'], ...client });
  shown['fingerprint'] = await own.issue({ name: 'mx3', ...client });
  shown['stranger'] = await own.issue({ name: 'mx', ...client });
  shown['expired'] = await own.issue({ name: 'mx1-old', isExpired: true, ...client });
  shown['wrong authority'] = await other.issue({ name: 'mx1', ...client });
  shown['of a server'] = await own.issue({ name: 'mx1-server', altNames: ['DNS:mx2.test'] });
  ports.optional = await freePort();
  ports.required = await freePort();
  const tls = { certificate: server.certificate, key: server.key, client_ca: own.certificate };
  const { fingerprint256 } = new X509Certificate(await readFile(shown['fingerprint'].certificate));
  const rights = { scopes: ['authenticate'] };
  config = {
    callers: [
      { name: 'by-subject', certificate: { subject: 'CN=mx1' }, scopes: ['authenticate', 'list'] },
      { name: 'by-san', certificate: { san: 'DNS:mx2.test' }, ...rights },
      { name: 'by-fingerprint', certificate: { fingerprint: fingerprint256 }, ...rights },
      { name: 'by-secret', secret: await hashPassword(Secret.fromText('secret'), 'SSHA512'), ...rights },
      { name: 'elsewhere', certificate: { subject: 'CN=nobody' }, networks: ['192.0.2.0/24'], ...rights },
    ],
  };
  await service.configure({
    ...config,
    listeners: [
      { port: ports.optional, tls },
      { port: ports.required, tls: { ...tls, client_certificates: 'required' } },
    ],
  });
});
after(() => service[Symbol.asyncDispose]());

async function open(name: string | undefined, port = ports.optional, tls: ConnectionOptions = {}) {
  const pair = name === undefined ? undefined : shown[name];
  const own = pair && { cert: await readFile(pair.certificate), key: await readFile(pair.key) };
  return RawClient.open(port, { ca, ...own, ...tls });
}

/** As mail servers ask, and as only Node's parser reads it. */
const FORMS = {
  'as a whole': { headers: { Authorization: undefined }, body: login() },
  'for the full parser': { headers: { Authorization: undefined, Connection: 'keep-alive, x' }, body: login() },
} as const;

describe('a caller with a certificate', () => {
  for (const [form, asked] of Object.entries(FORMS)) {
    it(`is let in by what its entry names, on a connection that is kept, asked ${form}`, async () => {
      for (const [name, caller] of [
        ['subject', 'by-subject'],
        ['san', 'by-san'],
        ['fingerprint', 'by-fingerprint'],
      ] as const) {
        for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
          using client = await open(name, ports.optional, { minVersion: version, maxVersion: version });
          for (let i = 0; i < 3; i += 1) assert.equal((await client.write(request(asked)).read()).status, 200, name);
        }
        const lines = await service.logLines(new RegExp(`"caller":"${caller}".*"proof":"certificate"`));
        assert.equal(lines.length, 1, 'told once, whatever connections there are');
      }
    });

    it(`is turned away with another certificate, asked ${form}`, async () => {
      for (const [name, reason] of [
        [undefined, /"reason":"no-credentials"/],
        ['stranger', /"reason":"unknown-certificate","caller":"CN=mx"/],
        ['expired', /"reason":"untrusted-certificate","caller":"CN=mx1-old".*CERT_HAS_EXPIRED/],
        ['wrong authority', /"reason":"untrusted-certificate","caller":"CN=mx1"/],
        ['of a server', /"reason":"untrusted-certificate","caller":"CN=mx1-server".*INVALID_PURPOSE/],
      ] as const) {
        using client = await open(name);
        const answer = await client.write(request(asked)).read();
        assert.equal(answer.status, 401, name);
        assert.equal(answer.headers['www-authenticate'], 'Basic realm="nauthilus", charset="UTF-8"');
        assert.match(answer.body, /Basic, or show a certificate/);
        await service.logLines(reason);
      }
    });
  }

  it('has the scopes of its entry only', async () => {
    using subject = await open('subject');
    const asked = { method: 'GET', query: '?mode=list-accounts', headers: { Authorization: undefined } };
    assert.equal((await subject.write(request(asked)).read()).status, 200);
    using san = await open('san');
    assert.equal((await san.write(request(asked)).read()).status, 401);
  });

  it('that sends a secret is the caller of the secret', async () => {
    using client = await open('subject');
    const asked = (secret: string) =>
      request({ headers: { Authorization: basic('by-secret', secret) }, body: login() });
    assert.equal((await client.write(asked('secret')).read()).status, 200);
    await service.logLines(/"caller":"by-secret".*"proof":"secret"/);
    assert.equal((await client.write(asked('wrong')).read()).status, 401);
  });

  it('needs one where they are required, and others end with the handshake', async () => {
    using client = await open('subject', ports.required);
    assert.equal((await client.write(request(FORMS['as a whole'])).read()).status, 200);
    for (const name of [undefined, 'expired', 'wrong authority'])
      await assert.rejects(async () => {
        using refused = await open(name, ports.required);
        await refused.write(request(FORMS['as a whole'])).read();
      }, name);
  });

  it('is let in no more on its standing connection once its entry is gone', async () => {
    using client = await open('subject');
    assert.equal((await client.write(request(FORMS['as a whole'])).read()).status, 200);
    const yaml = JSON.parse(await readFile(join(service.folder, 'nauthilus.yaml'), 'utf8')) as typeof config;
    await service.configure({ ...yaml, callers: yaml.callers.slice(1) });
    assert.equal((await client.write(request(FORMS['as a whole'])).read()).status, 401);
    await service.configure(yaml);
    assert.equal((await client.write(request(FORMS['as a whole'])).read()).status, 200);
  });

  it('is known on a session that is taken up again', async () => {
    using first = await open('subject', ports.optional, { maxVersion: 'TLSv1.2' });
    const session = (first.socket as TLSSocket).getSession();
    const takeUp = async () => {
      using again = await open(undefined, ports.optional, { maxVersion: 'TLSv1.2', session });
      const { status } = await again.write(request(FORMS['as a whole'])).read();
      return { status, isReused: (again.socket as TLSSocket).isSessionReused() };
    };
    assert.deepEqual(await takeUp(), { status: 200, isReused: true });

    // Not where the authority that vouched for it does no more.
    const authority = join(service.folder, 'ca.pem');
    await copyFile(join(service.folder, 'other', 'ca.pem'), authority);
    await service.logLines(/"what":"certificate"/);
    assert.deepEqual(await takeUp(), { status: 401, isReused: false });
    using stranger = await open('wrong authority');
    assert.equal((await stranger.write(request(FORMS['as a whole'])).read()).status, 200);
  });
});
