import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type CertificateAuthority, createAuthority } from '../../../test/daemons/certificate-authority.ts';
import { makeSelfSigned } from '../init/self-signed.ts';
import { findTrust } from './service-trust.ts';

describe('whom a mail server has to trust', () => {
  const host = 'auth.example.test';
  let folder: string;
  let authority: CertificateAuthority;
  let certificateFile: string;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-trust-'));
    authority = await createAuthority(folder);
    const altNames = [`DNS:${host}`, 'IP:192.0.2.7'];
    certificateFile = (await authority.issue({ name: 'service', altNames })).certificate;
    const other = await makeSelfSigned(['other.example.test'], [], new Date());
    await writeFile(at('other.pem'), other.certificate);
  });
  after(() => rm(folder, { recursive: true }));

  it('is the end of the chain that the service sends', async () => {
    const [leaf, ca] = [await readFile(certificateFile, 'utf8'), await readFile(authority.certificate, 'utf8')];
    await writeFile(at('chain.pem'), `${leaf}${ca}`);

    const trust = await findTrust({ certificateFile: at('chain.pem'), caFile: undefined, host: '192.0.2.7' });

    assert.deepEqual(trust, { kind: 'own', pem: ca });
  });

  it('is the authority that is given, if it has signed the certificate', async () => {
    const pem = await readFile(authority.certificate, 'utf8');

    assert.deepEqual(await findTrust({ certificateFile, caFile: authority.certificate, host }), { kind: 'own', pem });
    await assert.rejects(
      findTrust({ certificateFile, caFile: at('other.pem'), host }),
      /other\.pem: has not signed the certificate/,
    );
  });

  it('cannot be told where the authority is not there', async () => {
    await assert.rejects(
      findTrust({ certificateFile, caFile: undefined, host }),
      /is signed by "CN=Test authority", whose certificate is not there; give its file with --ca/,
    );
  });

  it('is whom everybody trusts, or the authority that is given, where something else answers TLS', async () => {
    const pem = await readFile(at('other.pem'), 'utf8');

    assert.deepEqual(await findTrust({ certificateFile: undefined, caFile: undefined, host }), { kind: 'public' });
    assert.deepEqual(await findTrust({ certificateFile: undefined, caFile: at('other.pem'), host }), {
      kind: 'own',
      pem,
    });
  });

  it('is nobody where the certificate is for other names, or there is none', async () => {
    await assert.rejects(
      findTrust({ certificateFile, caFile: undefined, host: 'x.example.test' }),
      /not for x\.example\.test, .* it is for DNS:auth\.example\.test, IP Address:192\.0\.2\.7/,
    );
    await writeFile(at('empty.pem'), '');
    await assert.rejects(
      findTrust({ certificateFile: at('empty.pem'), caFile: undefined, host }),
      /holds no certificate/,
    );
    await assert.rejects(findTrust({ certificateFile: at('none.pem'), caFile: undefined, host }), /cannot be read/);
  });
});
