export const DOVECOT_24_PROTOCOLS = ['imap', 'pop3', 'submission', 'lmtp', 'sieve'] as const;
export type Dovecot24Protocol = (typeof DOVECOT_24_PROTOCOLS)[number];

/** What a Dovecot 2.4 of the tests is told. All paths are the ones that it sees itself. */
export interface Dovecot24Config {
  readonly folder: string;
  readonly ports: Readonly<Record<Dovecot24Protocol, number>>;
  readonly protocols: readonly Dovecot24Protocol[];
  /** False runs the script in the auth process itself, one request at a time. */
  readonly useWorker: boolean;
  /** Reaches the script as the argument of its `script_init`. */
  readonly scriptSettings: Readonly<Record<string, string>>;
  /** Lines that replace or add to the general ones; a passdb or userdb in them is asked before the script. */
  readonly lines: readonly string[];
}

/** A whole dovecot.conf for 2.4. Everything listens on loopback, and nothing is written outside of the folder. */
export function renderDovecot24Config(config: Dovecot24Config): string {
  return [general(config), ...config.lines, databases(config), listeners(config), ''].join('\n');
}

function general({ folder, protocols }: Dovecot24Config): string {
  // A setting of a protocol that is not switched on is an error of its own.
  const lmtp = 'protocol lmtp {\n  postmaster_address = postmaster@example.test\n}';
  return `dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = ${folder}/run
state_dir = ${folder}/state
instance_name = ${folder.slice(folder.lastIndexOf('/') + 1)}
listen = 127.0.0.1
protocols = ${protocols.join(' ')}
log_path = ${folder}/dovecot.log
ssl_server_cert_file = ${folder}/server.pem
ssl_server_key_file = ${folder}/server.key
auth_allow_cleartext = yes
auth_mechanisms = plain login
auth_master_user_separator = *
auth_failure_delay = 0 secs
first_valid_uid = 1
mail_uid = vmail
mail_gid = vmail
mail_home = ${folder}/mail/%{user}
mail_driver = maildir
mail_path = ~/Maildir
mail_inbox_path =
hostname = mx.example.test
imap_id_retain = yes
namespace inbox {
  inbox = yes
  separator = /
}
${protocols.includes('lmtp') ? lmtp : ''}`;
}

function databases({ folder, useWorker, scriptSettings }: Dovecot24Config): string {
  const settings = Object.entries(scriptSettings).map(([name, value]) => `    ${name} = ${value}`);
  const lua = (kind: string) => `${kind} lua {
  ${kind}_use_worker = ${useWorker ? 'yes' : 'no'}
  lua_file = ${folder}/script.lua
  lua_settings {
${settings.join('\n')}
  }
}`;
  return `${lua('passdb')}\n${lua('userdb')}`;
}

function listeners({ ports, protocols }: Dovecot24Config): string {
  return `${protocols.map((protocol) => listener(protocol, ports[protocol])).join('')}
# Without this, anvil makes an address that failed before wait for seconds.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}`;
}

function listener(protocol: Dovecot24Protocol, port: number): string {
  const { service, overTls } = LISTENERS[protocol];
  return `
service ${service} {
  inet_listener ${protocol} {
    port = ${port}
  }
${overTls === undefined ? '' : `  inet_listener ${overTls} {\n    port = 0\n  }`}
}`;
}

const LISTENERS = {
  imap: { service: 'imap-login', overTls: 'imaps' },
  pop3: { service: 'pop3-login', overTls: 'pop3s' },
  submission: { service: 'submission-login', overTls: 'submissions' },
  lmtp: { service: 'lmtp', overTls: undefined },
  sieve: { service: 'managesieve-login', overTls: undefined },
} as const satisfies Record<Dovecot24Protocol, { service: string; overTls: string | undefined }>;
