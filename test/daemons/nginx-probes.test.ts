import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createSecureContext } from 'node:tls';
import { Secret } from '../../src/login/secret.ts';
import { probeHost } from '../../src/wire/mail-hosts/probes/probe.ts';
import type { ProbeProtocol, ProbeSettings } from '../../src/wire/mail-hosts/probes/probe-settings.ts';
import { probeSettings } from '../support/mail-hosts.ts';
import { type Dovecot, protocolsOf, startDovecot } from './dovecot.ts';
import { DOVECOT_ACCOUNTS } from './dovecot-accounts.ts';
import { DOVECOT_VERSIONS } from './dovecot-host.ts';
import { freePort } from './free-port.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';

const DEADLINE_MS = 20_000;
const OWN = { name: 'alice@example.test', password: Secret.fromText('alice-pw') };
const STRANGER = { ...OWN, password: Secret.fromText('not-hers') };
const PROTOCOL_OF = { imap: 'imap', pop3: 'pop3', submission: 'smtp', lmtp: 'lmtp', sieve: 'sieve' } as const;

for (const version of DOVECOT_VERSIONS)
  describe(`a probe of Dovecot ${version}`, { concurrency: 1 }, () => {
    let service: Nauthilus;
    let dovecot: Dovecot;
    let imapBehindProxy = 0;
    let trust: ProbeSettings['trust'];

    before(async () => {
      service = await startNauthilus({ accounts: DOVECOT_ACCOUNTS });
      imapBehindProxy = await freePort();
      const { url, ca, credential } = service;
      dovecot = await startDovecot({
        version,
        url,
        ca,
        secret: `${credential}\n`,
        lines: [
          'haproxy_trusted_networks = 127.0.0.1/32',
          `service imap-login {\n  inet_listener imap_haproxy {\n    port = ${imapBehindProxy}\n    haproxy = yes\n  }\n}`,
        ],
      });
      trust = createSecureContext({ ca: await readFile(join(dovecot.folder, 'server.pem')) });
    });
    after(async () => {
      await dovecot?.[Symbol.asyncDispose]();
      await service?.[Symbol.asyncDispose]();
    });

    const probe = (protocol: ProbeProtocol, port: number, changes: Partial<ProbeSettings> = {}) =>
      probeHost(
        { address: '127.0.0.1', port, host: 'localhost' },
        probeSettings({ protocol, trust, deadlineMs: DEADLINE_MS, ...changes }),
      );

    for (const name of protocolsOf(version)) {
      const protocol = PROTOCOL_OF[name];

      it(`finds ${name} alive by its greeting, and over STARTTLS`, async () => {
        const port = dovecot.ports[name];

        assert.deepEqual(await probe(protocol, port), { kind: 'alive' });
        assert.deepEqual(await probe(protocol, port, { tls: 'starttls' }), { kind: 'alive' });
      });

      if (name === 'lmtp') continue;

      it(`logs in over ${name}, and says so where it may not`, async () => {
        const port = dovecot.ports[name];
        const refused = await probe(protocol, port, { tls: 'starttls', login: STRANGER });

        assert.deepEqual(await probe(protocol, port, { tls: 'starttls', login: OWN }), { kind: 'alive' });
        assert.match(refused.kind === 'failed' ? refused.detail : '', /^login: /);
      });
    }

    it('logs in behind a header of the PROXY protocol, and fails without', async () => {
      const logIn = { tls: 'starttls', login: OWN, sendsProxyHeader: true } as const;

      assert.deepEqual(await probe('imap', imapBehindProxy, logIn), { kind: 'alive' });
      const without = await probe('imap', imapBehindProxy, { ...logIn, sendsProxyHeader: false, deadlineMs: 1500 });
      assert.equal(without.kind, 'failed');
    });

    it('does not trust a certificate with another name', async () => {
      const result = await probe('imap', dovecot.ports.imap, { tls: 'starttls', serverName: 'mail.example.test' });

      assert.match(result.kind === 'failed' ? result.detail : '', /^TLS: .*mail\.example\.test/);
    });
  });
