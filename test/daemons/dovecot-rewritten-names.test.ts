import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { DOVECOT_ACCOUNTS, MASTER } from './dovecot-accounts.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from './dovecot-host.ts';
import { ImapClient } from './mail/imap-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';

// Dovecot hands the rewritten name to the glue. A glue that took the difference to what was typed for a master login would
// let everybody in without a password.
const REWRITINGS: readonly (readonly [what: string, lines: Lines, typed: string])[] = [
  [
    'adds a default realm',
    { '2.3': ['auth_default_realm = example.test'], '2.4': ['auth_default_domain = example.test'] },
    'alice',
  ],
  [
    'cuts the domain off and lowers the case',
    { '2.3': ['auth_username_format = %Ln'], '2.4': ['auth_username_format = %{user | username | lower}'] },
    'Alice@Example.Test',
  ],
  [
    'does both',
    {
      '2.3': ['auth_default_realm = example.test', 'auth_username_format = %Ln'],
      '2.4': ['auth_default_domain = example.test', 'auth_username_format = %{user | username | lower}'],
    },
    'Alice',
  ],
  [
    'translates characters',
    { '2.3': ['auth_username_translation = "#@"'], '2.4': ['auth_username_translation = "#@"'] },
    'alice#example.test',
  ],
];

type Lines = Readonly<Record<DovecotVersion, readonly string[]>>;

describe('a Dovecot that rewrites login names', { concurrency: 4 }, () => {
  let service: Nauthilus;
  before(async () => {
    service = await startNauthilus({ accounts: DOVECOT_ACCOUNTS });
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
  });

  for (const version of DOVECOT_VERSIONS)
    for (const [what, lines, typed] of REWRITINGS) {
      describe(`and ${what}, ${version}`, { concurrency: 1 }, () => {
        let dovecot: Dovecot;
        before(async () => {
          dovecot = await startDovecot({
            version,
            url: service.url,
            ca: service.ca,
            secret: service.credential,
            protocols: ['imap'],
            prefetch: false,
            // A default realm is added to masters' names too.
            masterUsers: { [MASTER.name]: MASTER.password, [`${MASTER.name}@example.test`]: MASTER.password },
            lines: lines[version],
          });
        });
        after(async () => {
          await dovecot?.[Symbol.asyncDispose]();
        });

        async function login(user: string, password: string): Promise<string> {
          const client = await ImapClient.open(dovecot.ports.imap);
          const { text } = await client.login(user, password);
          client.close();
          return text;
        }

        it('lets nobody in with a wrong or an empty password', async () => {
          assert.match(await login(typed, 'wrong'), /^NO \[AUTHENTICATIONFAILED\]/);
          assert.match(await login(typed, ''), /^NO \[AUTHENTICATIONFAILED\]/);
        });

        it('lets in who knows the password', async () => {
          assert.match(await login(typed, 'alice-pw'), /^OK/);
          assert.match(await login('alice@example.test', 'alice-pw'), /^OK/);
        });

        it('lets a master in with the master\u2019s password only', async () => {
          assert.match(await login(`${typed}*${MASTER.name}`, 'alice-pw'), /^NO \[AUTHENTICATIONFAILED\]/);
          assert.match(await login(`${typed}*${MASTER.name}`, MASTER.password), /^OK/);
        });
      });
    }
});
