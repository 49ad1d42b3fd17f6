import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { Socket } from 'node:net';
import { before, describe, it } from 'node:test';
import { TLSSocket } from 'node:tls';
import { makeSelfSigned } from '../../../cli/init/self-signed.ts';
import { CertificateCallers } from './certificate-callers.ts';
import {
  canonicalAltName,
  canonicalFingerprint,
  type CertificatePattern,
  matchesCertificate,
} from './certificate-match.ts';

const ANYTHING: CertificatePattern = { subject: undefined, altName: undefined, fingerprint: undefined };

let certificate: X509Certificate;

before(async () => {
  const { certificate: pem } = await makeSelfSigned(['mx1.test'], ['192.0.2.1', '2001:db8::1'], new Date());
  certificate = new X509Certificate(pem);
});

/** A connection whose TLS has verified the certificate; counts how often it is asked for it. */
function connection(authorized = true) {
  const socket = Object.create(TLSSocket.prototype) as TLSSocket;
  const asked = { times: 0 };
  const getPeerX509Certificate = () => {
    asked.times += 1;
    return certificate;
  };
  for (const [name, value] of Object.entries({ authorized, authorizationError: 'NO', getPeerX509Certificate }))
    Object.defineProperty(socket, name, { value });
  return { socket, asked };
}

describe('a certificate', () => {
  it('is the one that is meant where all fits that is named, and something is', () => {
    const fingerprint = canonicalFingerprint(certificate.fingerprint256);
    for (const [pattern, fits] of [
      [{ altName: canonicalAltName('dns:MX1.test') }, true],
      [{ altName: canonicalAltName('IP:192.0.2.1') }, true],
      [{ altName: canonicalAltName('ip:2001:DB8:0:0::1') }, true],
      [{ altName: canonicalAltName('DNS:x1.test') }, false],
      [{ altName: canonicalAltName('URI:mx1.test') }, false],
      [{ fingerprint }, true],
      [{ fingerprint, altName: canonicalAltName('DNS:mx2.test') }, false],
      [{ fingerprint: fingerprint.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) }, false],
      [{ subject: '[["CN=nobody"]]' }, false],
      [{}, false],
    ] as const)
      assert.equal(matchesCertificate({ ...ANYTHING, ...pattern }, certificate), fits, JSON.stringify(pattern));
  });

  it('is looked at once for each connection, and counts no longer than it is valid', () => {
    let now = Date.now();
    const pattern = { ...ANYTHING, altName: 'DNS:mx1.test' };
    const callers = new CertificateCallers([{ name: 'mx1', pattern }], () => now);
    const { socket, asked } = connection();
    for (let i = 0; i < 3; i += 1) assert.deepEqual(callers.find(socket), { kind: 'match', name: 'mx1' });
    assert.equal(asked.times, 1);

    now = certificate.validToDate.getTime() + 1;
    const finding = callers.find(socket);
    assert.ok(finding.kind === 'mismatch');
    assert.deepEqual([finding.reason, finding.detail], ['untrusted-certificate', 'the certificate has expired']);
  });

  it('that was not verified is nobody’s, and a connection without TLS has none', () => {
    const callers = new CertificateCallers(
      [{ name: 'mx1', pattern: { ...ANYTHING, altName: 'DNS:mx1.test' } }],
      Date.now,
    );
    const finding = callers.find(connection(false).socket);
    assert.ok(finding.kind === 'mismatch');
    assert.deepEqual([finding.reason, finding.detail], ['untrusted-certificate', 'NO']);
    assert.deepEqual(callers.find(new Socket()), { kind: 'none' });
    assert.deepEqual(callers.find(undefined), { kind: 'none' });
  });
});
