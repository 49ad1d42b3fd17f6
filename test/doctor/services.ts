import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSelfSigned } from '../../src/cli/init/self-signed.ts';
import { Secret } from '../../src/login/secret.ts';
import { hashPassword } from '../../src/passwords/hash-password.ts';
import { freePort } from '../daemons/free-port.ts';
import { NauthilusProcess } from '../daemons/nauthilus-process.ts';

/** Callers that lack something, all with the secret of the one that lacks nothing. */
const CALLERS = `
  - { name: dovecot, secret: HASH, scopes: [authenticate, lookup, list] }
  - { name: no-logins, secret: HASH, scopes: [lookup, list] }
  - { name: no-lookups, secret: HASH, scopes: [authenticate, list] }
  - { name: no-list, secret: HASH, scopes: [authenticate, lookup] }
  - { name: elsewhere, secret: HASH, scopes: [authenticate, lookup, list], networks: [192.0.2.0/24] }`;
export const SECRET = 's3cret-basic';

export interface TestService extends AsyncDisposable {
  /** Has nauthilus.yaml, and the caller's credential in `credential`. */
  readonly folder: string;
}

/** Our own service over HTTPS, with one account. */
export async function startService(): Promise<TestService> {
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-doctor-'));
  const { certificate, key } = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
  await writeFile(join(folder, 'certificate.pem'), certificate);
  await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 });
  await writeFile(join(folder, 'accounts.passwd'), 'alice@example.test:{PLAIN}alice-pw::::::alias=alice\n');
  await writeFile(join(folder, 'credential'), `dovecot:${SECRET}\n`);
  const hash = await hashPassword(Secret.fromText(SECRET), 'SSHA512');
  await writeFile(
    join(folder, 'nauthilus.yaml'),
    `listeners:
  - { address: 127.0.0.1, port: ${await freePort()}, tls: { certificate: certificate.pem, key: key.pem } }
callers:${CALLERS.replaceAll('HASH', `'${hash}'`)}
backends:
  - { name: accounts, type: file, path: accounts.passwd }
`,
  );
  await using parts = new AsyncDisposableStack();
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  await parts.use(new NauthilusProcess(folder)).start();
  const kept = parts.move();
  return { folder, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

export interface FakeAnswer {
  readonly status: number;
  readonly body: string;
  readonly date?: Date;
}

export interface FakeService extends AsyncDisposable {
  readonly url: string;
  readonly certificate: string;
}

/** Something that answers every question in the same way, under a certificate with the names. */
export async function startFakeService(
  answer: FakeAnswer,
  names: readonly string[] = ['localhost'],
): Promise<FakeService> {
  const { certificate, key } = await makeSelfSigned([...names], [], new Date());
  const server = createServer({ cert: certificate, key }, (req, res) => {
    req.resume();
    const isList = req.url?.includes('list-accounts') === true;
    res.writeHead(isList ? 200 : answer.status, answer.date === undefined ? {} : { Date: answer.date.toUTCString() });
    res.end(isList ? '[]' : answer.body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}/api/v1/auth/json`,
    certificate,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
