import type { DovecotLimits } from './dovecot-limits.ts';

/** Versions of Dovecot that files can be made for. */
export const DOVECOT_VERSIONS = ['2.3', '2.4'] as const;
export type DovecotVersion = (typeof DOVECOT_VERSIONS)[number];

/** What the files of Dovecot are made of; paths are those on the mail host. */
export interface DovecotSetup {
  readonly version: DovecotVersion;
  /** Of the JSON door. */
  readonly url: string;
  readonly caller: string;
  /** Where Dovecot has its configuration. */
  readonly folder: string;
  /** PEM file of what is trusted; `undefined` where the service is asked without TLS. */
  readonly caFile: string | undefined;
  readonly limits: DovecotLimits;
}

/** Names of the files, relative to Dovecot's folder. */
export const DOVECOT_FILES = {
  conf: 'conf.d/auth-nauthilus.conf.ext',
  glue: 'nauthilus.lua',
  settings: 'nauthilus-settings.lua',
  secret: 'nauthilus.secret',
  ca: 'nauthilus-ca.pem',
} as const;

/** The passdb, the userdbs and the settings that go with them. */
export function renderConf(setup: DovecotSetup): string {
  const parts = [
    head(setup),
    DATABASES[setup.version](setup),
    trust(setup),
    WORKERS[setup.version](setup),
    general(setup),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function head({ version, url }: DovecotSetup): string {
  return `# Logins and accounts from Nauthilus at ${url}, for Dovecot ${version}.
# Made by "nauthilus generate dovecot": change the service's configuration and make it again.
# 10-auth.conf includes this file in the place of auth-system.conf.ext: with both, users of the system could log in too.`;
}

const PASSDB_WHY = `# Asks about logins. In auth workers: a question that waits in the auth process itself would make all others wait.`;
const PREFETCH_WHY = `# Takes what the userdb needs from the answer to the password, so that a login costs one request.`;
const USERDB_WHY = `# Whatever has no password: deliveries (LMTP), doveadm, the list of accounts.`;

const DATABASES: Readonly<Record<DovecotVersion, (setup: DovecotSetup) => string>> = {
  '2.3': ({ folder }) => `${PASSDB_WHY}
passdb {
  driver = lua
  args = file=${folder}/${DOVECOT_FILES.glue} blocking=yes
}

${PREFETCH_WHY}
userdb {
  driver = prefetch
}

${USERDB_WHY}
userdb {
  driver = lua
  args = file=${folder}/${DOVECOT_FILES.glue} blocking=yes
}`,
  '2.4': ({ folder }) => `${PASSDB_WHY}
passdb lua {
  lua_file = ${folder}/${DOVECOT_FILES.glue}
  passdb_use_worker = yes
}

${PREFETCH_WHY}
userdb prefetch {
}

${USERDB_WHY}
userdb lua {
  lua_file = ${folder}/${DOVECOT_FILES.glue}
  userdb_use_worker = yes
}`,
};

/** For 2.4 too, which takes the setting by its full name. */
function trust({ caFile }: DovecotSetup): string {
  if (caFile === undefined) return '';
  return `# Whom the HTTP client of the glue trusts. Only this setting counts for it, also with "ssl = no". Dovecot's own connections as
# a client (proxying, imapc) trust the same file: add the authorities of those servers to it where there are any.
ssl_client_ca_file = ${caFile}`;
}

function workersWhy({ limits }: DovecotSetup): string {
  const { workers, timeoutMs } = limits;
  return `# Each question holds one worker until it is answered: ${workers} workers are ${workers * 10} logins a second where the service takes 100 ms,
# ${workers * 2} where it takes 500 ms. While the service hangs, each is held for ${timeoutMs / 1000} s ("timeout" in ${DOVECOT_FILES.settings}). The service takes
# this many at a time; raise passwords.queue there before this.`;
}

const WORKERS: Readonly<Record<DovecotVersion, (setup: DovecotSetup) => string>> = {
  '2.3': (setup) => `${workersWhy(setup)}
auth_worker_max_count = ${setup.limits.workers}`,
  '2.4': (setup) => `${workersWhy(setup)}
service auth-worker {
  process_limit = ${setup.limits.workers}
}`,
};

const CACHE_WHY: Readonly<Record<DovecotVersion, string>> = {
  '2.3': `# No cache of Dovecot's own: it answers by user name and password alone, whatever address or protocol a login comes from, and
# goes on after an account was disabled.`,
  '2.4': `# No cache of Dovecot's own: a login of an account that was disabled would go on until auth_cache_ttl is over.`,
};

function general({ version }: DovecotSetup): string {
  return `${CACHE_WHY[version]}
auth_cache_size = 0

# The service has to see the password: mechanisms that only prove that it is known (CRAM-MD5, SCRAM) cannot work.
auth_mechanisms = plain login

# Lets the service see what a mail program says of itself. Take it out where dovecot-imapd is not installed.
imap_id_retain = yes`;
}
