import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { DOVECOT_ACCOUNTS, MASTER } from './dovecot-accounts.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from './dovecot-host.ts';
import { ImapClient } from './mail/imap-client.ts';
import { pop3Login } from './mail/pop3-client.ts';
import { type RelayStub, startRelayStub } from './mail/relay-stub.ts';
import { sieveLogin } from './mail/sieve-client.ts';
import { SmtpClient } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';

const ALICE = { user: 'alice@example.test', password: 'alice-pw' } as const;
const GRACE = { user: 'grace@example.test', password: 'p\u00e4ssw\u00f6rd \u20ac "quoted\\"' } as const;

describe('a mail user', { concurrency: DOVECOT_VERSIONS.length }, () => {
  for (const version of DOVECOT_VERSIONS)
    describe(`of a Dovecot ${version} that asks the service`, { concurrency: 1 }, () => logIn(version));
});

function logIn(version: DovecotVersion): void {
  let service: Nauthilus;
  let relay: RelayStub;
  let dovecot: Dovecot;

  before(async () => {
    service = await startNauthilus({ accounts: DOVECOT_ACCOUNTS });
    relay = await startRelayStub();
    dovecot = await startDovecot({
      version,
      url: service.url,
      ca: service.ca,
      secret: `${service.credential}\n`,
      relayPort: relay.port,
      masterUsers: { [MASTER.name]: MASTER.password },
    });
  });
  after(async () => {
    await dovecot?.[Symbol.asyncDispose]();
    await relay?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
  });

  async function imap<T>(use: (client: ImapClient) => Promise<T>): Promise<T> {
    const client = await ImapClient.open(dovecot.ports.imap);
    try {
      return await use(client);
    } finally {
      client.close();
    }
  }

  const loginAs = (user: string, password: string) => imap((client) => client.login(user, password));

  it('logs in over IMAP with LOGIN', async () => {
    const { text } = await loginAs(ALICE.user, ALICE.password);

    assert.match(text, /^OK .*Logged in$/);
  });

  it('logs in over IMAP with AUTHENTICATE PLAIN', async () => {
    const { text } = await imap((client) => client.authenticate(ALICE.user, ALICE.password));

    assert.match(text, /^OK .*Logged in$/);
  });

  it('logs in over IMAP with LOGIN after STARTTLS, and the service sees TLS', async () => {
    const { isOk } = await imap(async (client) => {
      await client.startTls();
      return client.login('carol@example.test', 'carol-pw');
    });

    assert.equal(isOk, true);
    assert.match(await service.logLine(/"account":"carol@example\.test"/), /"tls":"(TLS|secured)"/);
  });

  it('logs in over IMAP with AUTHENTICATE PLAIN after STARTTLS', async () => {
    const { isOk } = await imap(async (client) => {
      await client.startTls();
      return client.authenticate(ALICE.user, ALICE.password);
    });

    assert.equal(isOk, true);
  });

  it('logs in by an alias and gets the mailbox of the account', async () => {
    const { isOk, untagged } = await imap(async (client) => {
      await client.login('Postmaster@example.test', ALICE.password);
      return client.command('GETQUOTAROOT INBOX');
    });

    assert.equal(isOk, true);
    assert.match(untagged.join('\n'), /STORAGE \d+ 102400/);
  });

  it('logs in with a password beyond ASCII, in UTF-8 and in Latin-1', async () => {
    const utf8 = Buffer.from(GRACE.password, 'utf8');
    const latin1 = Buffer.from('m\u00fcller', 'latin1');

    const first = await imap((client) => client.loginWithBytes(GRACE.user, utf8));
    const second = await imap((client) => client.loginWithBytes('henry@example.test', latin1));

    assert.equal(first.isOk, true, first.text);
    assert.equal(second.isOk, true, second.text);
  });

  it('is refused with a Latin-1 password that is not right, without harm to later logins', async () => {
    const wrong = await imap((client) =>
      client.loginWithBytes('henry@example.test', Buffer.from('m\u00e4ller', 'latin1')),
    );
    const right = await loginAs(ALICE.user, ALICE.password);

    assert.match(wrong.text, /^NO \[AUTHENTICATIONFAILED\]/);
    assert.equal(right.isOk, true);
  });

  for (const [whom, user, password] of [
    ['a wrong password', ALICE.user, 'wrong'],
    ['an empty password', ALICE.user, ''],
    ['a name that nobody has', 'nobody@example.test', 'x'],
    ['a disabled account and its right password', 'bob@example.test', 'bob-pw'],
    ['a disabled account and a wrong password', 'bob@example.test', 'wrong'],
  ] as const) {
    it(`is refused with ${whom}`, async () => {
      const { text } = await loginAs(user, password);

      assert.match(text, /^NO \[AUTHENTICATIONFAILED\]/);
    });
  }

  it('is told apart in the log where the account is disabled and the password right', async () => {
    const before = (await dovecot.log()).length;

    await loginAs('bob@example.test', 'bob-pw');

    await dovecot.logged(/\(user disabled.*: user=<bob@example\.test>/, before);
  });

  it('has its quota, its mail path and its groups from the attributes', async () => {
    const quota = await imap(async (client) => {
      await client.login(ALICE.user, ALICE.password);
      return client.command('GETQUOTAROOT INBOX');
    });
    const rights = await imap(async (client) => {
      await client.login('carol@example.test', 'carol-pw');
      await client.command('CREATE Restricted');
      return client.command('MYRIGHTS Restricted');
    });
    const bare = await imap(async (client) => {
      await client.login('henry@example.test', 'm\u00fcller');
      return client.command('GETQUOTAROOT INBOX');
    });

    assert.match(quota.untagged.join('\n'), /STORAGE \d+ 102400/);
    assert.match(rights.untagged.join('\n'), /MYRIGHTS Restricted \S*i\S*/);
    assert.match(bare.untagged.join('\n'), /STORAGE \d+ 10240/);
    await access(join(dovecot.folder, 'mail', ALICE.user, 'elsewhere'));
  });

  it('is asked about once per login: the prefetched fields save the look-up', async () => {
    await loginAs('frank@example.test', 'frank-pw');
    await dovecot.doveadm('user', 'who-is-asked-about-afterwards@example.test');

    await service.logLine(/"login_name":"who-is-asked-about-afterwards@example\.test"/);
    const lines = (await service.log()).split('\n').filter((line) => line.includes('frank@example.test'));
    assert.equal(lines.length, 1);
  });

  it('can be found in the service\u2019s log by the session that Dovecot logs', async () => {
    const before = (await dovecot.log()).length;

    await loginAs(ALICE.user, 'wrong');

    const said = await dovecot.logged(/nauthilus_session=<[^>]/, before);
    const session = /nauthilus_session=<([^>]+)>/.exec(said)?.[1] ?? 'none';
    assert.match(await service.logLine(new RegExp(`"session":"${session}"`)), /"reason":"wrong-password"/);
  });

  it('is sent on to another server where the account has one, but not as a master user', async () => {
    const dave = await dovecot.doveadm('auth', 'test', 'dave@example.test', 'dave-pw');
    const erin = await dovecot.doveadm('auth', 'test', 'erin@example.test', 'erin-pw');
    const master = await loginAs(`dave@example.test*${MASTER.name}`, MASTER.password);

    assert.match(dave.stdout, /host=127\.0\.0\.9/);
    assert.match(dave.stdout, /^ +proxy_maybe=y$/m);
    assert.doesNotMatch(erin.stdout, /host=/);
    assert.equal(master.isOk, true, master.text);
  });

  it('logs in over POP3, plain and after STLS, and is refused with a wrong password', async () => {
    const { pop3 } = dovecot.ports;

    assert.match(await pop3Login(pop3, ALICE), /^\+OK/);
    assert.match(await pop3Login(pop3, { ...ALICE, startTls: true }), /^\+OK/);
    assert.match(await pop3Login(pop3, { ...ALICE, password: 'wrong' }), /^-ERR \[AUTH\]/);
  });

  it('submits mail after STARTTLS and AUTH, and is refused with a wrong password', async () => {
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

  it('authenticates for submission with AUTH LOGIN', async () => {
    const client = await SmtpClient.open(dovecot.ports.submission);
    await client.startTls();

    const answer = await client.authLogin(ALICE.user, ALICE.password);

    client.close();
    assert.match(answer, /^235/);
  });

  it('logs in over ManageSieve where Dovecot has it, and is refused with a wrong password', async () => {
    // Debian 12 has it in a package that need not be there.
    if (version === '2.3') return;
    const { sieve } = dovecot.ports;

    assert.match(await sieveLogin(sieve, ALICE.user, ALICE.password), /^OK/);
    assert.match(await sieveLogin(sieve, ALICE.user, 'wrong'), /^NO/);
  });

  it('is delivered to over LMTP; unknown and disabled ones are not', async () => {
    const deliver = async (to: string) => {
      const client = await SmtpClient.open(dovecot.ports.lmtp, 'LHLO');
      const answer = await client.deliver('sender@example.net', to);
      client.close();
      return answer;
    };

    assert.match(await deliver(ALICE.user), /^250 .*Saved/);
    assert.match(await deliver('alice+folder@example.test'), /^250 .*Saved/);
    assert.match(await deliver('postmaster@example.test'), /^250 .*Saved/);
    assert.match(await deliver('nobody@example.test'), /^550/);
    assert.match(await deliver('bob@example.test'), /^550/);
  });

  describe('whose mailbox a master user opens', () => {
    it('is opened with the master\u2019s password, by separator and by authorization identity', async () => {
      const bySeparator = await imap(async (client) => {
        await client.login(`${ALICE.user}*${MASTER.name}`, MASTER.password);
        return client.command('GETQUOTAROOT INBOX');
      });
      const byIdentity = await imap((client) => client.authenticate(MASTER.name, MASTER.password, ALICE.user));

      assert.match(bySeparator.untagged.join('\n'), /STORAGE \d+ 102400/);
      assert.equal(byIdentity.isOk, true, byIdentity.text);
    });

    for (const [what, target, password] of [
      ['a wrong master password', ALICE.user, 'wrong'],
      ['the user\u2019s own password in place of the master\u2019s', ALICE.user, ALICE.password],
      ['the right master password where the user is unknown', 'nobody@example.test', MASTER.password],
      ['the right master password where the account is disabled', 'bob@example.test', MASTER.password],
    ] as const) {
      it(`stays shut with ${what}`, async () => {
        const { text } = await loginAs(`${target}*${MASTER.name}`, password);

        assert.match(text, /^NO \[(AUTHENTICATIONFAILED|AUTHORIZATIONFAILED)\]/);
      });
    }
  });

  it('leaves no error of the script, panic or fatal line in Dovecot\u2019s log', async () => {
    assert.doesNotMatch(await dovecot.log(), /lua_pcall|Panic:|Fatal:|Error:|stack traceback/);
  });
}
