/** Files for Postfix, by their names in the folder they are written to. */
export const POSTFIX_FILES = { settings: 'main.settings' } as const;

export interface PostfixMap {
  /** As settings of Postfix name it. */
  readonly table: string;
  readonly gives: 'account' | 'attributes' | 'text' | 'domain';
}

/** What the files are made for. */
export interface PostfixSetup {
  /** Where smtpd asks about logins, as it sees it; nobody is asked where absent. */
  readonly sasl: string | undefined;
  readonly maps: readonly PostfixMap[];
}

const MAP_SETTINGS = {
  domain: 'virtual_mailbox_domains',
  text: 'virtual_mailbox_maps',
  attributes: 'virtual_alias_maps',
  account: 'smtpd_sender_login_maps',
} as const satisfies Record<PostfixMap['gives'], string>;

/** Lines of main.cf. */
export function renderSettings(setup: PostfixSetup): string {
  return `# How Postfix asks Nauthilus. Made by "nauthilus generate postfix"; "postconf -e" takes these lines.
${settingsOf(setup).join('\n')}
`;
}

function settingsOf({ sasl, maps }: PostfixSetup): readonly string[] {
  const login = [
    'smtpd_sasl_auth_enable = yes',
    'smtpd_sasl_type = dovecot',
    `smtpd_sasl_path = ${sasl}`,
    'smtpd_sasl_security_options = noanonymous',
    'smtpd_tls_auth_only = yes',
  ];
  const tables = Object.entries(MAP_SETTINGS).flatMap(([gives, setting]) => {
    const own = maps.filter((map) => map.gives === gives).map(({ table }) => table);
    return own.length === 0 ? [] : [`${setting} = ${own.join(', ')}`];
  });
  return [...(sasl === undefined ? [] : login), ...tables];
}

/** What to do with the files. */
export function renderReadme(setup: PostfixSetup): string {
  const { settings } = POSTFIX_FILES;
  const hasSenders = setup.maps.some(({ gives }) => gives === 'account');
  return `# Nauthilus for Postfix

Settings by which Postfix asks Nauthilus: about logins by the protocol that Dovecot speaks with it, and for accounts by socketmap. No
Dovecot takes part.

## Install

In this folder, as root:

\`\`\`sh
cp -p /etc/postfix/main.cf /etc/postfix/main.cf.before-nauthilus
grep -v '^#' ${settings} | tr '\\n' '\\0' | xargs -0 postconf -e
postfix check && postfix reload
\`\`\`

1. keeps what was there before.
2. puts each line into \`main.cf\`, in the place of what the setting had.
3. takes the new configuration.

Settings of \`master.cf\` (\`-o smtpd_sasl_type=…\`) go before those of \`main.cf\`.

## Try it

\`\`\`sh
postconf -n | grep -E 'sasl|socketmap'
${setup.maps.map(({ table }) => `postmap -q NAME ${table}\n`).join('')}swaks --server 127.0.0.1:587 --tls --auth PLAIN --auth-user NAME --quit-after AUTH
\`\`\`

A wrong password is 535; 454 says that nobody can know now.
${hasSenders ? SENDERS : ''}`;
}

const SENDERS = `
## Who may send as whom

\`smtpd_sender_login_maps\` alone keeps nobody from anything. Put \`reject_sender_login_mismatch\` before what permits in
\`smtpd_sender_restrictions\`:

\`\`\`sh
postconf -e 'smtpd_sender_restrictions = reject_sender_login_mismatch'
\`\`\`
`;
