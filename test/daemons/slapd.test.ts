import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type CertificateAuthority, createAuthority } from './certificate-authority.ts';
import { generatedAccount } from './generated-accounts.ts';
import { tryTool } from './run-tool.ts';
import { type Slapd, startSlapd } from './slapd.ts';

async function search(slapd: Slapd, url: string, trusted = 'none'): Promise<number | null> {
  const login = ['-x', '-D', slapd.serviceDn, '-w', slapd.servicePassword];
  const command = ['timeout', '2', 'env', `LDAPTLS_CACERT=${trusted}`, 'ldapsearch', '-LLL', '-H', url, ...login];
  const { exitCode } = await tryTool([...command, '-b', slapd.baseDn, '(nauthilusAccount=user7@example.test)']);
  return exitCode;
}

describe('a slapd of the tests', () => {
  let folder = '';
  let authority: CertificateAuthority;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-ca-'));
    authority = await createAuthority(folder);
  });
  after(() => rm(folder, { recursive: true }));

  async function slapdWith(altName: string, isExpired = false): Promise<Slapd> {
    const pair = await authority.issue({ name: 'server', altNames: [altName], isExpired });
    return startSlapd({ tls: { ...pair, ca: authority.certificate }, tree: 'sample', accounts: 10 });
  }

  it('serves generated accounts over TCP, TLS and its socket, and each password proves itself', async () => {
    await using slapd = await slapdWith('IP:127.0.0.1');
    const account = generatedAccount(7, slapd.baseDn);
    const bind = ['ldapwhoami', '-x', '-H', slapd.url, '-D', account.dn, '-w'];

    assert.equal(await search(slapd, slapd.url), 0);
    assert.equal(await search(slapd, slapd.socketUrl), 0);
    assert.equal(await search(slapd, slapd.tlsUrl, authority.certificate), 0);
    assert.equal((await tryTool([...bind, account.password])).exitCode, 0);
    assert.equal((await tryTool([...bind, 'wrong'])).exitCode, 49);
  });

  it('shows a certificate that is not trusted where it is expired or for another name', async () => {
    for (const [altName, isExpired] of [
      ['IP:127.0.0.1', true],
      ['IP:127.0.0.2', false],
    ] as const) {
      await using slapd = await slapdWith(altName, isExpired);

      assert.equal(await search(slapd, slapd.tlsUrl, authority.certificate), 255, altName);
    }
  });

  it('takes a client certificate for the service account of the same name', async () => {
    await using slapd = await slapdWith('IP:127.0.0.1');
    const client = await authority.issue({ name: 'nauthilus' });
    const files = [`LDAPTLS_CERT=${client.certificate}`, `LDAPTLS_KEY=${client.key}`];
    const command = ['env', ...files, `LDAPTLS_CACERT=${authority.certificate}`, 'ldapwhoami', '-Q', '-Y', 'EXTERNAL'];

    const { stdout } = await tryTool([...command, '-H', slapd.tlsUrl]);

    assert.equal(stdout.trim(), `dn:${slapd.serviceDn}`);
  });

  it('falls silent when paused, answers again when resumed, and keeps port and data over a kill', async () => {
    await using slapd = await startSlapd({ accounts: 10 });
    const port = slapd.port;

    slapd.pause();
    assert.equal(await search(slapd, slapd.url), 124);
    slapd.resume();
    assert.equal(await search(slapd, slapd.url), 0);
    await slapd.kill();
    assert.equal(await search(slapd, slapd.url), 255);
    await slapd.start();
    assert.equal(await search(slapd, slapd.url), 0);
    assert.equal(slapd.port, port);
    await slapd.restart({ empty: true });
    assert.equal(await search(slapd, slapd.url), 49);
  });
});
