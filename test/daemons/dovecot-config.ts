export type MailProtocol = 'imap' | 'pop3' | 'submission' | 'lmtp';

/** What a Dovecot of the tests is told; all paths lie in its folder. */
export interface DovecotConfig {
  readonly folder: string;
  readonly ports: Readonly<Record<MailProtocol, number>>;
  readonly protocols: readonly MailProtocol[];
  /** Port of the server that submission hands mail on to. */
  readonly relayPort: number;
  /** PEM file with what is trusted when the service is asked over HTTPS. */
  readonly caFile: string | undefined;
  /** False leaves the prefetch userdb out, so that each login needs a second request. */
  readonly prefetch: boolean;
  /** Names and passwords of master users. */
  readonly masterUsers: Readonly<Record<string, string>>;
  /** Lines that replace or add to the general ones, such as `auth_default_realm = example.test`. */
  readonly lines: readonly string[];
  /** User and group that own mail, by number. */
  readonly mailOwner: number;
}

/** A whole dovecot.conf for 2.3. Everything listens on loopback, and nothing is written outside of the folder. */
export function renderDovecotConfig(config: DovecotConfig): string {
  return [general(config), databases(config), mailboxes(config), listeners(config), ...config.lines, ''].join('\n');
}

function general({ folder, protocols, caFile }: DovecotConfig): string {
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
instance_name = ${folder.slice(folder.lastIndexOf('/') + 1)}
listen = 127.0.0.1
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
auth_worker_max_count = 8
imap_id_retain = yes`;
}

function databases({ folder, prefetch }: DovecotConfig): string {
  return `
passdb {
  driver = passwd-file
  args = scheme=plain username_format=%u ${folder}/master-users
  master = yes
  result_success = continue
}
passdb {
  driver = lua
  args = file=${folder}/nauthilus.lua blocking=yes
}
${prefetch ? 'userdb {\n  driver = prefetch\n}' : ''}
userdb {
  driver = lua
  args = file=${folder}/nauthilus.lua blocking=yes
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

function listeners({ ports, protocols }: DovecotConfig): string {
  return `${protocols.map((protocol) => listener(protocol, ports[protocol])).join('')}
# Without this, anvil makes an address that failed before wait for seconds.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}`;
}

function listener(protocol: MailProtocol, port: number): string {
  const overTls = OVER_TLS[protocol];
  return `
service ${overTls === undefined ? protocol : `${protocol}-login`} {
  inet_listener ${protocol} {
    port = ${port}
  }
${overTls === undefined ? '' : `  inet_listener ${overTls} {\n    port = 0\n  }\n`}}`;
}

/** The listeners that Dovecot opens beside, unless it is told not to. */
const OVER_TLS: Readonly<Record<MailProtocol, string | undefined>> = {
  imap: 'imaps',
  pop3: 'pop3s',
  submission: 'submissions',
  lmtp: undefined,
};
