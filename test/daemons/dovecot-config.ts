export const MAIL_PROTOCOLS = ['imap', 'pop3', 'submission', 'lmtp', 'sieve'] as const;
export type MailProtocol = (typeof MAIL_PROTOCOLS)[number];

/** What a Dovecot of the tests is told; all paths lie in its folder, as it sees it. */
export interface DovecotConfig {
  readonly folder: string;
  /** Loopback address that it listens on. */
  readonly address: string;
  readonly ports: Readonly<Record<MailProtocol, number>>;
  readonly protocols: readonly MailProtocol[];
  /** Port of the server that submission hands mail on to. */
  readonly relayPort: number;
  /** PEM file with what is trusted when the service is asked over HTTPS. */
  readonly caFile: string | undefined;
  /** False leaves the prefetch userdb out, so that each login needs a second request. */
  readonly prefetch: boolean;
  /** False runs the script in the auth process itself, one request at a time. */
  readonly useWorker: boolean;
  /** Of Dovecot's auth cache for the passdb, for 2.3; 2.4 takes the script's. */
  readonly cacheKey: string | undefined;
  /** Who proves the passwords of master users: Dovecot from its file, or the service. */
  readonly masters: 'file' | 'service';
  /** Stands in for all passdbs and userdbs. */
  readonly databases: string | undefined;
  /** Lines that replace or add to the general ones; in options, `$FOLDER` in them becomes the folder. */
  readonly lines: readonly string[];
  /** User and group that own mail, by number. */
  readonly mailOwner: number;
}

/** A whole dovecot.conf for 2.3. Everything listens on loopback, and nothing is written outside of the folder. */
export function renderDovecotConfig(config: DovecotConfig): string {
  return [
    general(config),
    config.databases ?? databases(config),
    mailboxes(config),
    renderListeners(config),
    ...config.lines,
    '',
  ].join('\n');
}

function general({ folder, address, protocols, caFile }: DovecotConfig): string {
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
instance_name = ${folder.slice(folder.lastIndexOf('/') + 1)}
listen = ${address}
protocols = ${protocols.join(' ')}
log_path = ${folder}/dovecot.log
auth_verbose = yes
login_log_format_elements = user=<%u> method=%m rip=%r lip=%l %c session=<%{session}>
ssl_cert = <${folder}/server.pem
ssl_key = <${folder}/server.key
${caFile === undefined ? '' : `ssl_client_ca_file = ${caFile}`}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_master_user_separator = *
auth_failure_delay = 0 secs
imap_id_retain = yes`;
}

function databases({ folder, prefetch, useWorker, masters, cacheKey }: DovecotConfig): string {
  const args = `args = file=${folder}/nauthilus.lua blocking=${useWorker ? 'yes' : 'no'}`;
  const master =
    masters === 'service'
      ? `driver = lua\n  ${args}`
      : `driver = passwd-file\n  args = scheme=plain username_format=%u ${folder}/master-users`;
  return `
passdb {
  ${master}
  master = yes
  result_success = continue
}
passdb {
  driver = lua
  ${args}${cacheKey === undefined ? '' : ` cache_key=${cacheKey}`}
}
${prefetch ? 'userdb {\n  driver = prefetch\n}' : ''}
userdb {
  driver = lua
  ${args}
}`;
}

function mailboxes({ folder, mailOwner, relayPort, protocols }: DovecotConfig): string {
  // A setting of a protocol whose package is not installed is an error.
  const lmtp = 'protocol lmtp {\n  postmaster_address = postmaster@example.test\n}';
  const submission = `submission_relay_host = 127.0.0.1
submission_relay_port = ${relayPort}
submission_relay_ssl = no
hostname = mx.example.test`;
  return `
first_valid_uid = 1
mail_uid = ${mailOwner}
mail_gid = ${mailOwner}
mail_home = ${folder}/mail/%u
mail_location = maildir:~/Maildir
mail_plugins = quota acl
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=10M
  acl = vfile:${folder}/acl
}
protocol imap {
  mail_plugins = quota acl imap_quota imap_acl
  mail_max_userip_connections = 0
}
recipient_delimiter = +
${protocols.includes('lmtp') ? lmtp : ''}
${protocols.includes('submission') ? submission : ''}`;
}

/** The services' listeners, which both versions take in the same form. */
export function renderListeners({ ports, protocols }: DovecotConfig): string {
  return `${protocols.map((protocol) => listener(protocol, ports[protocol])).join('')}
# Without this, anvil makes an address that failed before wait for seconds.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}`;
}

function listener(protocol: MailProtocol, port: number): string {
  const { service, overTls } = LISTENERS[protocol];
  return `
service ${service} {
  inet_listener ${protocol} {
    port = ${port}
  }
${overTls === undefined ? '' : `  inet_listener ${overTls} {\n    port = 0\n  }\n`}}`;
}

/** With the listeners that Dovecot opens beside, unless it is told not to. */
const LISTENERS = {
  imap: { service: 'imap-login', overTls: 'imaps' },
  pop3: { service: 'pop3-login', overTls: 'pop3s' },
  submission: { service: 'submission-login', overTls: 'submissions' },
  lmtp: { service: 'lmtp', overTls: undefined },
  sieve: { service: 'managesieve-login', overTls: undefined },
} as const satisfies Record<MailProtocol, { service: string; overTls: string | undefined }>;
