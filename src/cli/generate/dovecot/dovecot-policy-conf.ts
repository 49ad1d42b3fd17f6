import type { DovecotVersion } from './dovecot-conf.ts';

/** What the files are made of; paths are those on the mail host. */
export interface DovecotPolicySetup {
  readonly version: DovecotVersion;
  /** Of the door of weakforced's API. */
  readonly url: string;
  readonly caller: string;
  /** Where Dovecot has its configuration. */
  readonly folder: string;
  /** PEM file of what is trusted; `undefined` where the service is asked without TLS. */
  readonly caFile: string | undefined;
  /** The service's own deadline in milliseconds. */
  readonly decisionMs: number;
}

/** Names of the files, relative to Dovecot's folder. */
export const DOVECOT_POLICY_FILES = {
  conf: 'conf.d/95-nauthilus-policy.conf',
  header: 'nauthilus-policy.secret.conf',
  secret: 'nauthilus.secret',
  ca: 'nauthilus-ca.pem',
} as const;

const MARGIN_MS = 1000;

/** The settings. */
export function renderConf(setup: DovecotPolicySetup): string {
  const { version, url, folder } = setup;
  const parts = [
    `# Lets Nauthilus at ${url} say which logins may be tried, for Dovecot ${version} with passdbs of its own.
# Made by "nauthilus generate dovecot-policy": change the service's configuration and make it again.

auth_policy_server_url = ${url}

# The caller's credential, and the nonce of password hashes; owner root, mode 0600. Who may not read it, such as
# deliveries by dovecot-lda, does without: only auth needs it, which root reads it for.
!include_try ${folder}/${DOVECOT_POLICY_FILES.header}`,
    `# 16 bits of a hash tell passwords apart, and nothing more of them.
auth_policy_hash_mech = sha256
auth_policy_hash_truncate = 16`,
    ATTRIBUTES[version],
    `# Before: no password is looked at that must not be tried. After: guesses that came at once are known by then. The report is
# what counts.
auth_policy_check_before_auth = yes
auth_policy_check_after_auth = yes
auth_policy_report_after_auth = yes

# While the service cannot be asked logins go on. With yes they would be refused as if the password were wrong.
auth_policy_reject_on_fail = no`,
    TIMEOUT[version](setup.decisionMs + MARGIN_MS),
    trust(setup),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const ATTRIBUTES: Readonly<Record<DovecotVersion, string>> = {
  '2.3': `# The default, and the mechanism: where Dovecot does not see the password (CRAM-MD5, SCRAM) its hash is always the same.
auth_policy_request_attributes = login=%{requested_username} pwhash=%{hashed_password} remote=%{rip} device_id=%{client_id} protocol=%s session_id=%{session} mechanism=%{mech}`,
  '2.4': `# The default, and the mechanism: where Dovecot does not see the password (CRAM-MD5, SCRAM) its hash is always the same.
auth_policy_request_attributes {
  login = %{requested_username}
  pwhash = %{hashed_password}
  remote = %{remote_ip}
  device_id = %{client_id}
  protocol = %{protocol}
  session_id = %{session}
  fail_type = %{fail_type}
  mechanism = %{mechanism}
}`,
};

const TIMEOUT_WHY = `# Above the service's own deadline (decision.deadline).`;
const TIMEOUT: Readonly<Record<DovecotVersion, (ms: number) => string>> = {
  '2.3': (ms) => `${TIMEOUT_WHY}
auth_policy_server_timeout_msecs = ${ms}`,
  '2.4': (ms) => `${TIMEOUT_WHY}
auth_policy {
  http_client_request_absolute_timeout = ${ms}ms
}`,
};

function trust({ caFile, version }: DovecotPolicySetup): string {
  if (caFile === undefined) return '';
  if (version === '2.4')
    return `# Whom this client trusts.
auth_policy {
  ssl_client_ca_file = ${caFile}
}`;
  return `# Whom Dovecot's clients trust. Its other connections as a client (proxying, imapc) trust the same file: add the authorities of
# those servers to it where there are any.
ssl_client_ca_file = ${caFile}`;
}

/** What proves the caller, and what makes the hashes of passwords its own. */
export function renderHeader(credential: string, nonce: string): string {
  const base64 = credential.includes(':') ? Buffer.from(credential).toString('base64') : credential;
  return `auth_policy_server_api_header = Authorization: Basic ${base64}
# The same on all hosts of one service, so that one wrong password counts once.
auth_policy_hash_nonce = ${nonce}
`;
}

/** What to do with the files. The first block of commands is complete: it can be pasted into a shell of root. */
export function renderReadme(setup: DovecotPolicySetup, hasOwnCa: boolean): string {
  const { version, folder, caller, url } = setup;
  const { conf, header, ca, secret } = DOVECOT_POLICY_FILES;
  const installCa = hasOwnCa ? ` && install -m 0644 ${ca} ${folder}/` : '';
  return `# Nauthilus as the policy server of Dovecot ${version}

Files for a mail host whose Dovecot has passdbs of its own and asks ${url} as the caller \`${caller}\` which logins may be tried.

## Install

Copy this folder to the mail host, and there, in it, as root:

\`\`\`sh
install -m 0644 ${conf} ${folder}/conf.d/ && install -m 0600 ${header} ${folder}/${installCa}
doveconf -n >/dev/null && doveadm reload
\`\`\`

1. puts the files where Dovecot looks for them; \`${folder}/dovecot.conf\` has to include \`conf.d/*.conf\`, as it does after installation.
2. takes the new configuration where it has no mistake; \`doveconf\` says where one is.

## Files

| file | what for |
|---|---|
| \`${conf}\` | where the service is, what it is told, and when |
| \`${header}\` | the caller's credential and the nonce of hashes |
${hasOwnCa ? `| \`${ca}\` | what signed the service's certificate: put the new one here before it changes |\n` : ''}| \`${secret}\` | the credential for the next run of \`nauthilus generate\`; Dovecot does not need it |

Keep this folder as safe as the credential. \`auth_policy_log_only = yes\` lets Dovecot ask and report, and go on whatever the answer is.
`;
}
