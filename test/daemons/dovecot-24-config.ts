import { type DovecotConfig, renderListeners } from './dovecot-config.ts';

/** A whole dovecot.conf for 2.4. Everything listens on loopback, and nothing is written outside of the folder. */
export function renderDovecot24Config(config: DovecotConfig): string {
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
  return `dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = ${folder}/run
state_dir = ${folder}/state
instance_name = ${folder.slice(folder.lastIndexOf('/') + 1)}
listen = ${address}
protocols = ${protocols.join(' ')}
log_path = ${folder}/dovecot.log
auth_verbose = yes
ssl_server_cert_file = ${folder}/server.pem
ssl_server_key_file = ${folder}/server.key
${caFile === undefined ? '' : `ssl_client_ca_file = ${caFile}`}
auth_allow_cleartext = yes
auth_mechanisms = plain login
auth_master_user_separator = *
auth_failure_delay = 0 secs
auth_internal_failure_delay = 0 secs
imap_id_retain = yes`;
}

function databases({ folder, prefetch, useWorker, masters }: DovecotConfig): string {
  const lua = (kind: 'passdb' | 'userdb') => `lua_file = ${folder}/nauthilus.lua
  ${kind}_use_worker = ${useWorker ? 'yes' : 'no'}`;
  const master =
    masters === 'service'
      ? `passdb_driver = lua\n  ${lua('passdb')}`
      : `passdb_driver = passwd-file\n  passwd_file_path = ${folder}/master-users\n  passdb_default_password_scheme = PLAIN`;
  return `
passdb masters {
  ${master}
  passdb_master = yes
  passdb_result_success = continue
}
passdb lua {
  ${lua('passdb')}
}
${prefetch ? 'userdb prefetch {\n}' : ''}
userdb lua {
  ${lua('userdb')}
}`;
}

function mailboxes({ folder, relayPort, protocols }: DovecotConfig): string {
  // A setting of a protocol that is not switched on is an error.
  const lmtp = 'protocol lmtp {\n  postmaster_address = postmaster@example.test\n}';
  const submission = `submission_relay_host = 127.0.0.1\nsubmission_relay_port = ${relayPort}`;
  // A limit within the named quota would win over the one of the account.
  return `
first_valid_uid = 1
mail_uid = vmail
mail_gid = vmail
mail_home = ${folder}/mail/%{user}
mail_driver = maildir
mail_path = ~/Maildir
mail_inbox_path =
mail_plugins = quota acl
hostname = mx.example.test
quota_storage_size = 10M
quota "User quota" {
}
namespace inbox {
  inbox = yes
  separator = /
}
acl_driver = vfile
mailbox Restricted {
  acl owner {
    id = owner
    rights = lr
  }
  acl staff {
    id = group-override=staff
    rights = lrwstipekxa
  }
}
protocol imap {
  mail_plugins = quota acl imap_quota imap_acl
  mail_max_userip_connections = 0
}
recipient_delimiter = +
${protocols.includes('lmtp') ? lmtp : ''}
${protocols.includes('submission') ? submission : ''}`;
}
