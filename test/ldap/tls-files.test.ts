import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CertificateAuthority, createAuthority, type KeyPairFiles } from '../daemons/certificate-authority.ts';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';
import { openTestBackend, settingsFor, type TestedBackend } from './support/ldap-backend.ts';

const WITHIN_MS = 10_000;
const ALICE = ['alice@example.test', 'alice-pw'] as const;

/** Waits until the backend has told something that matches. */
async function told({ events }: TestedBackend, pattern: RegExp, from = 0): Promise<void> {
  for (const until = Date.now() + WITHIN_MS; !events.told.slice(from).some((one) => pattern.test(one)); ) {
    assert.ok(Date.now() < until, `${pattern} was not told, but ${JSON.stringify(events.told)}`);
    await sleep(20);
  }
}

/** Waits until logins are answered again. */
async function isVerified(tested: TestedBackend): Promise<void> {
  for (const until = Date.now() + WITHIN_MS; (await tested.verify(...ALICE)).kind !== 'verified'; await sleep(20)) {
    assert.ok(Date.now() < until, tested.backend.health().detail);
  }
}

/** As an operator's tools do it: the whole file at once. */
async function replace(path: string, by: string): Promise<void> {
  await copyFile(by, `${path}.new`);
  await rename(`${path}.new`, path);
}

describe('the files of tls', () => {
  let folder = '';
  let authority: CertificateAuthority;
  let strangers: CertificateAuthority;
  let server: KeyPairFiles;
  let slapd: Slapd;
  const stack = new AsyncDisposableStack();
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-tls-'));
    await mkdir(join(folder, 'strangers'));
    authority = await createAuthority(folder);
    strangers = await createAuthority(join(folder, 'strangers'));
    server = await authority.issue({ name: 'server', altNames: ['IP:127.0.0.1'] });
    slapd = stack.use(await startSlapd({ tls: { ...server, ca: authority.certificate } }));
  });
  after(async () => {
    await stack[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  for (const starttls of ['off', 'required']) {
    it(`are read again for new connections when the authority has changed, StartTLS ${starttls}`, async () => {
      const ca = join(folder, `trusted-${starttls}.pem`);
      await copyFile(strangers.certificate, ca);
      const url = starttls === 'off' ? slapd.tlsUrl : slapd.url;
      await using tested = await openTestBackend(settingsFor([slapd], { starttls, servers: [url], tls: { ca } }));
      assert.equal((await tested.verify(...ALICE)).kind, 'unavailable');

      await replace(ca, authority.certificate);
      await told(tested, /^tls reloaded$/);
      await isVerified(tested);
    });
  }

  it('stay in force as they were while they cannot be used', async () => {
    const ca = join(folder, 'broken.pem');
    await copyFile(authority.certificate, ca);
    await using tested = await openTestBackend(settingsFor([slapd], { servers: [slapd.tlsUrl], tls: { ca } }));

    await writeFile(ca, '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n');
    await told(tested, /^tls refused .*broken\.pem holds no certificate/);
    await slapd.restart();
    await isVerified(tested);

    await rm(ca);
    await told(tested, /^tls refused .*broken\.pem cannot be read/);
    assert.equal((await tested.verify(...ALICE)).kind, 'verified');
  });

  it('may come one after the other: our own certificate and its key are one pair', async () => {
    const pair = await authority.issue({ name: 'client' });
    const strange = await strangers.issue({ name: 'stranger' });
    await using demanding = await startSlapd({ tls: { ...server, ca: authority.certificate } });
    await demanding.modify(
      'dn: cn=config\nchangetype: modify\nreplace: olcTLSVerifyClient\nolcTLSVerifyClient: demand\n',
    );
    const [certificate, key] = [join(folder, 'own.pem'), join(folder, 'own-key.pem')];
    await copyFile(strange.certificate, certificate);
    await copyFile(strange.key, key);
    const settings = { servers: [demanding.tlsUrl], tls: { ca: authority.certificate, certificate, key } };
    await using tested = await openTestBackend(settingsFor([demanding], settings));
    assert.equal((await tested.verify(...ALICE)).kind, 'unavailable');

    await replace(certificate, pair.certificate);
    await sleep(300);
    await replace(key, pair.key);
    await told(tested, /^tls reloaded$/);
    await isVerified(tested);

    assert.deepEqual(
      tested.events.told.filter((one) => one.startsWith('tls refused')),
      [],
    );
  });
});
