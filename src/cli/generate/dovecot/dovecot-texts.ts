import { DOVECOT_FILES, type DovecotSetup } from './dovecot-conf.ts';

/** The settings of the glue. */
export function renderSettings({ url, folder, limits }: DovecotSetup): string {
  return `-- Settings of ${DOVECOT_FILES.glue}, which reads this file from its own folder when Dovecot starts ("doveadm reload" reads it again).
-- Made by "nauthilus generate dovecot" from the service's configuration.

return {
  -- The service's JSON door.
  url = ${luaText(url)},

  -- The caller's credential, "name:secret" or the base64 of it. Owner root, group dovecot, mode 0640.
  secret_file = ${luaText(`${folder}/${DOVECOT_FILES.secret}`)},

  -- Longest wait for one answer, in milliseconds. Above the service's own deadline (decision.deadline, ${limits.decisionMs}), so that its
  -- answer, a temporary failure with a reason in its log, arrives before Dovecot stops waiting.
  timeout = ${limits.timeoutMs},

  -- Longest wait for the list of all accounts, in milliseconds. Dovecot gives up by itself after 60,000.
  list_timeout = ${limits.listTimeoutMs},
}
`;
}

function luaText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** What to do with the files. The first block of commands is complete: it can be pasted into a shell of root. */
export function renderReadme(setup: DovecotSetup, hasOwnCa: boolean): string {
  const { version, folder, caller, url } = setup;
  const { glue, settings, ca, secret, conf } = DOVECOT_FILES;
  const open = [glue, settings, ...(hasOwnCa ? [ca] : [])].join(' ');
  return `# Nauthilus for Dovecot ${version}

Files for the mail host, whose Dovecot asks ${url} as the caller \`${caller}\`. Needed there: \`dovecot-auth-lua\` and \`lua-cjson\`.

## Install

Copy this folder to the mail host, and there, in it, as root:

\`\`\`sh
install -m 0644 ${open} ${folder}/ && install -m 0644 ${conf} ${folder}/conf.d/ && install -m 0640 -g dovecot ${secret} ${folder}/
sed -i 's/^!include auth-system.conf.ext/!include auth-nauthilus.conf.ext/' ${folder}/conf.d/10-auth.conf
doveconf -n >/dev/null && doveadm reload
\`\`\`

1. puts the files where Dovecot looks for them. \`${secret}\` belongs to root, group dovecot, mode 0640: Dovecot's auth processes read
   it, and nobody else. Everybody may read the others.
2. lets Dovecot ask the service instead of the users of the system; \`${folder}/conf.d/10-auth.conf\` is otherwise left as it is.
3. takes the new configuration where it has no mistake; \`doveconf\` says where one is.

Where an account has no \`home\`, \`uid\`, \`gid\` or mail location, Dovecot takes its own settings: \`mail_home\`, \`mail_uid\`, \`mail_gid\`,
${version === '2.3' ? '`mail_location`' : '`mail_driver` and `mail_path`'}.

## Try

\`\`\`sh
doveadm auth test USER     # asks for the password
doveadm user USER          # fields of the userdb
doveadm user '*'           # all accounts
\`\`\`

## Files

| file | what for |
|---|---|
| \`${conf}\` | passdb, userdb and what goes with them |
| \`${glue}\` | asks the service; never needs to be changed |
| \`${settings}\` | where the service is and how long to wait for it |
${hasOwnCa ? `| \`${ca}\` | what signed the service's certificate: put the new one here before it changes |\n` : ''}| \`${secret}\` | the caller's secret: keep this folder as safe as it |

All files but the secret can be made again at any time; \`nauthilus generate\` shows what would change and overwrites with \`--force\` only.
`;
}
