import type { Expressed } from './dovecot-fields-quota.ts';
import type { Dialect } from './dovecot-fields-rules.ts';

/** Settings of 2.4 for what 2.3 has behind the path of a mail location. */
const OPTIONS: ReadonlyMap<string, string> = new Map([
  ['INDEX', 'mail_index_path'],
  ['INDEXPVT', 'mail_index_private_path'],
  ['CONTROL', 'mail_control_path'],
  ['INBOX', 'mail_inbox_path'],
  ['ALT', 'mail_alt_path'],
  ['VOLATILEDIR', 'mail_volatile_path'],
  ['LAYOUT', 'mailbox_list_layout'],
]);

/**
 * A mail location as fields of the userdb: `mail` for Dovecot 2.3; for 2.4, which would pass over `mail` without a word,
 * `mail_driver`, `mail_path` and the settings for what may follow them (`maildir:~/Maildir:INDEX=/var/index/%u`).
 */
export function expressMailLocation(location: string, dialect: Dialect): Expressed {
  if (dialect === 'dovecot23') return { kind: 'fields', fields: [['mail', location]] };
  const [first = '', ...parts] = location.split(':');
  const hasDriver = /^[a-z]+$/u.test(first) && parts.length > 0;
  const [path = '', ...options] = hasDriver ? parts : [first, ...parts];
  const fields: (readonly [string, string])[] = hasDriver && first !== 'auto' ? [['mail_driver', first]] : [];
  if (path !== '') fields.push(['mail_path', path]);
  for (const option of options) {
    const equals = option.indexOf('=');
    const name = OPTIONS.get(option.slice(0, Math.max(equals, 0)));
    if (name === undefined)
      return { kind: 'problem', message: 'is a mail location with a part that Dovecot 2.4 has no setting for' };
    fields.push([name, option.slice(equals + 1)]);
  }
  return { kind: 'fields', fields };
}
