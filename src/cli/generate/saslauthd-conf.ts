/** Files for saslauthd and Postfix, by their names in the folder they are written to. */
export const SASLAUTHD_FILES = {
  conf: 'saslauthd.conf',
  defaults: 'default-saslauthd',
  postfix: 'smtpd.conf',
  secret: 'nauthilus.secret',
} as const;

/** What the files are made for. */
export interface SaslauthdSetup {
  /** The saslauthd door, without TLS. */
  readonly url: URL;
  readonly caller: string;
  /** Where saslauthd's own configuration is put. */
  readonly confFile: string;
  /** The folder of saslauthd's socket, as saslauthd sees it. */
  readonly runFolder: string;
  /** The socket, as Postfix' smtpd sees it. */
  readonly socket: string;
  readonly protocol: string;
  /** Clients send passwords within TLS only. */
  readonly isSecured: boolean;
}

/** saslauthd's own configuration. @param credential `name:secret`, or the base64 of it */
export function renderConf({ url, protocol, isSecured }: SaslauthdSetup, credential: string): string {
  const plain = credential.includes(':') ? credential : Buffer.from(credential, 'base64').toString('utf8');
  const colon = plain.indexOf(':');
  const fields = [
    'username=%u',
    'realm=%r',
    'password=%p',
    `protocol=${encode(protocol)}`,
    ...(isSecured ? ['ssl=on'] : []),
    `caller=${encode(plain.slice(0, colon))}`,
    `caller_secret=${encode(plain.slice(colon + 1))}`,
  ];
  return `# How Cyrus saslauthd (mechanism httpform) asks Nauthilus about logins. Made by "nauthilus generate saslauthd".
# The caller's secret is in it: owner root, mode 0600.
httpform_host: ${url.hostname.replace(/^\[|\]$/g, '')}
httpform_port: ${url.port === '' ? '80' : url.port}
httpform_uri: ${url.pathname}
httpform_data: ${fields.join('&')}
`;
}

/** Letters and digits as they are; of what begins with a percent sign httpform knows `%u`, `%r` and `%p` alone, which no escape is. */
function encode(text: string): string {
  return Array.from(Buffer.from(text, 'utf8'), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

/** How Debian starts saslauthd. */
export function renderDefaults({ confFile, runFolder }: SaslauthdSetup): string {
  return `# How saslauthd is started. Made by "nauthilus generate saslauthd".
START=yes
DESC="SASL Authentication Daemon"
NAME="saslauthd"
MECHANISMS="httpform"
MECH_OPTIONS="${confFile}"
# A process for each question: httpform writes beyond its memory where name and password are long, and must take nobody along.
THREADS=0
# Without -c: a cache of its own would let in who has lost his password, and hide logins from the protection.
OPTIONS="-m ${runFolder}"
`;
}

/** What Postfix' smtpd is told of SASL. */
export function renderPostfix({ socket }: SaslauthdSetup): string {
  return `# How Postfix asks saslauthd. Made by "nauthilus generate saslauthd".
pwcheck_method: saslauthd
saslauthd_path: ${socket}
# saslauthd needs the password itself.
mech_list: PLAIN LOGIN
`;
}

/** What to do with the files. */
export function renderReadme({ url, caller, confFile, runFolder, isSecured }: SaslauthdSetup): string {
  const { conf, defaults, postfix, secret } = SASLAUTHD_FILES;
  const tls = isSecured ? " 'smtpd_tls_auth_only = yes'" : '';
  return `# Nauthilus for Cyrus saslauthd and Postfix

Files for the machine whose saslauthd asks ${url.href} as the caller \`${caller}\`, and whose Postfix asks saslauthd. \`saslauthd -v\` must
name \`httpform\`: the saslauthd of Debian and Ubuntu is built without it.

## Install

In this folder, as root:

\`\`\`sh
install -m 0600 ${conf} ${confFile} && install -m 0644 ${defaults} /etc/default/saslauthd && install -D -m 0644 ${postfix} /etc/postfix/sasl/smtpd.conf
adduser postfix sasl && postconf -e 'smtpd_sasl_auth_enable = yes' 'smtpd_sasl_type = cyrus' 'smtpd_sasl_path = smtpd'${tls}
service saslauthd restart && service postfix restart
\`\`\`

1. puts the files where saslauthd and Postfix look for them. \`${confFile}\` belongs to root, mode 0600.
2. lets Postfix ask, and its clients log in. The socket is in \`${runFolder}\`, for root and the group \`sasl\`.
3. takes the new configuration; Postfix learns its new group when it is started.

## Files

| file | what for |
|---|---|
| \`${conf}\` | where the service is, what is sent, the caller's secret: keep this folder as safe as it |
| \`${defaults}\` | how saslauthd is started |
| \`${postfix}\` | how Postfix asks saslauthd |
| \`${secret}\` | the caller's secret for the next run of \`nauthilus generate\`; saslauthd does not need it |

Try it: \`testsaslauthd -f ${runFolder}/mux -u NAME -r DOMAIN -p PASSWORD\` says \`OK\`.
`;
}
