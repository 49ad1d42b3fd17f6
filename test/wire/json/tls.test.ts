import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { TLSSocket } from 'node:tls';
import { queryObjects } from 'node:v8';
import { type KeyPairFiles, KeyPairError, loadKeyPair, watchKeyPair } from '../../../src/wire/http/key-pair.ts';
import { type CertificateAuthority, createAuthority } from '../../daemons/certificate-authority.ts';
import { assertAuthHeaders, login, request } from '../support/requests.ts';
import { RawClient } from '../support/raw-client.ts';
import { startService } from '../support/service.ts';

let folder: string;
let authority: CertificateAuthority;
let first: KeyPairFiles;
let second: KeyPairFiles;
let ca: Buffer;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nauthilus-tls-'));
  authority = await createAuthority(folder);
  first = await authority.issue({ name: 'first', altNames: ['IP:127.0.0.1'] });
  second = await authority.issue({ name: 'second', altNames: ['IP:127.0.0.1'] });
  ca = await readFile(authority.certificate);
});
after(() => rm(folder, { recursive: true }));

async function startTls(limits = {}) {
  return startService({ tls: await loadKeyPair(first), limits });
}

function nameOf(client: RawClient): string | undefined {
  const { CN } = (client.socket as TLSSocket).getPeerCertificate().subject;
  return Array.isArray(CN) ? CN[0] : CN;
}

describe('a TLS listener', () => {
  it('answers over TLS 1.2 and 1.3 to who trusts its authority', async () => {
    await using service = await startTls();
    assert.match(service.url, /^https:/);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      using client = await RawClient.open(service.port, { ca, minVersion: version, maxVersion: version });
      const answer = await client.write(request({ body: login() })).read();

      assert.equal(answer.status, 200);
      assert.equal((client.socket as TLSSocket).getProtocol(), version);
    }
  });

  it('speaks no TLS 1.1', async () => {
    await using service = await startTls();
    const old = { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;

    await assert.rejects(() => RawClient.open(service.port, old), /alert protocol version|ECONNRESET/);
  });

  it('answers ten requests of one write in order', async () => {
    await using service = await startTls();
    using client = await RawClient.open(service.port, { ca });
    client.write(
      Buffer.concat(
        Array.from({ length: 10 }, (_, i) => request({ body: login({ password: i % 2 ? 'no' : 'alice-pw' }) })),
      ),
    );

    for (let i = 0; i < 10; i += 1) assert.equal((await client.read()).status, i % 2 ? 403 : 200);
  });

  it('closes what speaks no TLS, and what never ends its handshake', async () => {
    await using service = await startTls({ headerTimeoutMs: 300 });
    for (const bytes of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01', '']) {
      const socket = connect(service.port, '127.0.0.1').on('error', () => {});
      socket.write(bytes, 'latin1');
      const started = performance.now();
      await new Promise((resolve) => socket.resume().once('close', resolve));
      assert.ok(performance.now() - started < 3000);
    }
    assert.deepEqual(service.lines, []);
  });

  it('keeps nothing of connections that ended before their handshake', async () => {
    await using service = await startTls();
    const count = () => Number(queryObjects(TLSSocket));
    const before = count();
    for (let i = 0; i < 20; i += 1) {
      const socket = connect(service.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.end();
      await once(socket.resume(), 'close');
    }
    let kept = count() - before;
    for (let i = 0; i < 5 && kept >= 5; i += 1) {
      await sleep(50);
      kept = count() - before;
    }

    assert.ok(kept < 5, `${kept} sockets are kept`);
  });

  it('tells a slow client 408 within TLS', async () => {
    await using service = await startTls({ headerTimeoutMs: 200, bodyTimeoutMs: 400 });
    using client = await RawClient.open(service.port, { ca });
    const answer = await client.write(request({ body: login() }).subarray(0, -1)).read();

    assert.equal(answer.status, 408);
    assertAuthHeaders(answer);
    await client.closed();
  });

  it('ends without waiting for who has not ended its handshake', async () => {
    await using service = await startTls({ headerTimeoutMs: 60_000 });
    const socket = connect(service.port, '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    await sleep(30);
    const started = performance.now();

    await service.listener.close(AbortSignal.timeout(10_000));

    assert.ok(performance.now() - started < 4000);
    socket.destroy();
  });
});

describe('a certificate that changes', () => {
  const waitFor = async (isDone: () => boolean) => {
    for (let i = 0; i < 100 && !isDone(); i += 1) await sleep(50);
    assert.ok(isDone(), 'nothing happened within 5 s');
  };

  async function watched(name: string) {
    const files = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) };
    await copyFile(first.certificate, files.certificate);
    await copyFile(first.key, files.key);
    const service = await startTls();
    const seen: string[] = [];
    const watch = watchKeyPair(
      files,
      (pair) => {
        service.listener.useKeyPair(pair);
        seen.push('taken');
      },
      (cause) => seen.push(cause.message),
    );
    await sleep(100);
    return {
      files,
      service,
      seen,
      async [Symbol.asyncDispose]() {
        watch[Symbol.dispose]();
        await service[Symbol.asyncDispose]();
      },
    };
  }

  it('is served to new connections, and drops none that stand', async () => {
    await using test = await watched('changing');
    const { service, files, seen } = test;
    using old = await RawClient.open(service.port, { ca });
    assert.equal((await old.write(request({ body: login() })).read()).status, 200);
    assert.equal(nameOf(old), 'first');

    await copyFile(second.certificate, files.certificate);
    await copyFile(second.key, files.key);
    await waitFor(() => seen.includes('taken'));

    using anew = await RawClient.open(service.port, { ca });
    assert.equal(nameOf(anew), 'second');
    assert.equal((await anew.write(request({ body: login() })).read()).status, 200);
    assert.equal((await old.write(request({ body: login() })).read()).status, 200);
    assert.deepEqual(seen, ['taken']);
  });

  it('to what cannot be used is refused once, and the old one stays until a right one comes', async () => {
    await using test = await watched('breaking');
    const { service, files, seen } = test;
    await copyFile(second.certificate, files.certificate);
    await waitFor(() => seen.length > 0);
    await sleep(2500);
    assert.equal(seen.length, 1);
    assert.match(seen[0] ?? '', /does not belong/);
    using still = await RawClient.open(service.port, { ca });
    assert.equal(nameOf(still), 'first');

    await copyFile(second.key, files.key);
    await waitFor(() => seen.includes('taken'));

    using anew = await RawClient.open(service.port, { ca });
    assert.equal(nameOf(anew), 'second');
  });

  it('by a file that is gone is refused', async () => {
    await using test = await watched('vanishing');
    await rm(test.files.key);
    await waitFor(() => test.seen.length > 0);

    assert.match(test.seen[0] ?? '', /vanishing-key\.pem: cannot be read \(ENOENT\)/);
  });
});

describe('a certificate with its key', () => {
  it('is refused with the name of the file that is at fault', async () => {
    const text = join(folder, 'text.pem');
    await writeFile(text, 'no PEM at all');
    const faults: readonly (readonly [KeyPairFiles, RegExp])[] = [
      [{ ...first, certificate: join(folder, 'missing.pem') }, /missing\.pem: cannot be read \(ENOENT\)/],
      [{ ...first, certificate: text }, /text\.pem: is no usable PEM file/],
      [{ ...first, key: text }, /text\.pem: is no usable PEM file/],
      [{ ...first, key: folder }, /cannot be read \(EISDIR\)/],
      [{ ...first, key: second.key }, /second-key\.pem: the key does not belong to the certificate in .*first\.pem/],
    ];
    for (const [files, message] of faults) {
      await assert.rejects(
        () => loadKeyPair(files),
        (cause) => cause instanceof KeyPairError && message.test(cause.message),
      );
    }
  });
});
