import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expressMailLocation } from './dovecot-fields-mail.ts';

const table: readonly (readonly [location: string, dovecot24: Readonly<Record<string, string>> | undefined])[] = [
  ['maildir:~/Maildir', { mail_driver: 'maildir', mail_path: '~/Maildir' }],
  ['sdbox:/srv/mail/%u', { mail_driver: 'sdbox', mail_path: '/srv/mail/%u' }],
  [
    'maildir:~/m:LAYOUT=fs:INDEX=/var/index/alice:CONTROL=/var/control:INBOX=~/m/in',
    {
      mail_driver: 'maildir',
      mail_path: '~/m',
      mailbox_list_layout: 'fs',
      mail_index_path: '/var/index/alice',
      mail_control_path: '/var/control',
      mail_inbox_path: '~/m/in',
    },
  ],
  ['maildir:', { mail_driver: 'maildir' }],
  ['~/mail', { mail_path: '~/mail' }],
  ['/srv/mail:INDEX=MEMORY', { mail_path: '/srv/mail', mail_index_path: 'MEMORY' }],
  ['auto:~/x', { mail_path: '~/x' }],
  ['maildir:~/m:UTF-8', undefined],
  ['maildir:~/m:DIRNAME=x', undefined],
];

describe('a mail location', () => {
  for (const [location, wanted] of table) {
    it(`of ${location} ${wanted === undefined ? 'cannot be said in' : 'is said in the settings of'} 2.4`, () => {
      const expressed = expressMailLocation(location, 'dovecot24');

      assert.deepEqual(expressed.kind === 'fields' ? Object.fromEntries(expressed.fields) : undefined, wanted);
    });

    it(`of ${location} stays as it is in 2.3`, () => {
      assert.deepEqual(expressMailLocation(location, 'dovecot23'), { kind: 'fields', fields: [['mail', location]] });
    });
  }
});
