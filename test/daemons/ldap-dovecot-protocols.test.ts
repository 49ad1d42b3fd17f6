import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { directoryBackend, directorySecret } from './directory-backend.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { ImapClient } from './mail/imap-client.ts';
import { pop3Login } from './mail/pop3-client.ts';
import { type RelayStub, startRelayStub } from './mail/relay-stub.ts';
import { SmtpClient } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Slapd, startSlapd } from './slapd.ts';

const ALICE = { user: 'alice@example.test', password: 'alice-pw' } as const;

for (const check of ['bind', 'compare'] as const) {
  describe(`a mail user whose entry proves the password by ${check}`, () => {
    const opened = new AsyncDisposableStack();
    let slapd: Slapd;
    let relay: RelayStub;
    let service: Nauthilus;
    let dovecot: Dovecot;
    before(async () => {
      slapd = opened.use(await startSlapd({ access: check }));
      relay = opened.use(await startRelayStub());
      const backends = [directoryBackend([slapd], { password_check: check })];
      service = opened.use(await startNauthilus({ accounts: '', backends, files: directorySecret(slapd) }));
      dovecot = opened.use(
        await startDovecot({
          version: '2.3',
          url: service.url,
          ca: service.ca,
          secret: service.credential,
          relayPort: relay.port,
          protocols: ['imap', 'pop3', 'submission'],
        }),
      );
    });
    after(() => opened.disposeAsync());

    it('logs in over IMAP by LOGIN and AUTHENTICATE, in the clear and after STARTTLS', async () => {
      for (const isSecured of [false, true]) {
        for (const way of ['login', 'authenticate'] as const) {
          const client = await ImapClient.open(dovecot.ports.imap);
          if (isSecured) await client.startTls();
          const { text } = await client[way](ALICE.user, ALICE.password);
          client.close();

          assert.match(text, /^OK .*Logged in$/, `${way} ${isSecured}`);
        }
      }
    });

    it('logs in over POP3, and is refused with a wrong password or none', async () => {
      const { pop3 } = dovecot.ports;

      assert.match(await pop3Login(pop3, ALICE), /^\+OK/);
      assert.match(await pop3Login(pop3, { ...ALICE, startTls: true }), /^\+OK/);
      for (const password of ['wrong', ''])
        assert.match(await pop3Login(pop3, { ...ALICE, password }), /^-ERR/, password);
    });

    it('submits mail, and not with a wrong password', async () => {
      const submit = async (password: string) => {
        const client = await SmtpClient.open(dovecot.ports.submission);
        try {
          await client.startTls();
          const answer = await client.authPlain(ALICE.user, password);
          return answer.startsWith('235') ? await client.deliver(ALICE.user, 'x@example.net') : answer;
        } finally {
          client.close();
        }
      };

      assert.match(await submit(ALICE.password), /^250/);
      assert.match(await submit('wrong'), /^535/);
      assert.equal(relay.messages.length, 1);
    });

    it('passes doveadm auth test, where a wrong password fails', async () => {
      assert.equal((await dovecot.doveadm('auth', 'test', ALICE.user, ALICE.password)).exitCode, 0);
      assert.notEqual((await dovecot.doveadm('auth', 'test', ALICE.user, 'wrong')).exitCode, 0);
    });
  });
}
