/** Files for nginx, by their names in its folder. */
export const NGINX_FILES = {
  conf: 'nauthilus-mail.conf',
  caller: 'nauthilus-caller.conf',
  secret: 'nauthilus.secret',
} as const;

/** What the files are made for. */
export interface NginxSetup {
  /** The nginx door, without TLS. */
  readonly url: string;
  readonly caller: string;
  /** The folder of nginx's configuration. */
  readonly folder: string;
  /** Protocols that mail hosts are configured for, as nginx knows them. */
  readonly protocols: readonly ServedProtocol[];
  /** Whether SMTP servers are told the account by XCLIENT, instead of by a login. */
  readonly isForXclient: boolean;
  readonly certificate: string;
  readonly key: string;
  /** The service's own deadline in milliseconds. */
  readonly decisionMs: number;
}

export const NGINX_PROTOCOLS = ['imap', 'pop3', 'smtp'] as const;

export type NginxProtocol = (typeof NGINX_PROTOCOLS)[number];

/** A protocol that there are mail hosts for. */
export interface ServedProtocol {
  readonly name: NginxProtocol;
  /** Whether the hosts want the PROXY protocol. */
  readonly sendsProxyHeader: boolean;
}

interface Listening {
  readonly startTls: number;
  readonly tls: number;
  readonly lines: readonly string[];
}

const LISTENING: Readonly<Record<NginxProtocol, Listening>> = {
  imap: { startTls: 143, tls: 993, lines: ['imap_auth plain login;'] },
  pop3: { startTls: 110, tls: 995, lines: ['pop3_auth plain;'] },
  smtp: { startTls: 587, tls: 465, lines: ['smtp_auth plain login;'] },
};
/** Without the login the host behind would take mail from everybody that nginx lets in, if it does not know of whom. */
const SMTP_LOGIN = ['proxy_smtp_auth on;', 'xclient off;'];
const SMTP_XCLIENT = ['xclient on;'];
const MARGIN_MS = 2000;

/** The mail block. */
export function renderConf(setup: NginxSetup): string {
  const { url, folder, protocols, certificate, key, decisionMs } = setup;
  const servers = protocols.flatMap(({ name, sendsProxyHeader }) => {
    const { startTls, tls, lines } = LISTENING[name];
    const ofSmtp = setup.isForXclient ? SMTP_XCLIENT : SMTP_LOGIN;
    const rest = [...lines, ...(name === 'smtp' ? ofSmtp : []), ...(sendsProxyHeader ? ['proxy_protocol on;'] : [])];
    return [
      `  server { listen ${startTls}; protocol ${name}; starttls only; ${rest.join(' ')} }`,
      `  server { listen ${tls} ssl; protocol ${name}; ${rest.join(' ')} }`,
    ];
  });
  return `# Mail proxy that asks Nauthilus about logins. Made by "nauthilus generate nginx" from the service's configuration.
# Belongs into the main context of nginx.conf, beside the http block.

mail {
  # The service's nginx door. nginx can speak to it without TLS only.
  auth_http ${url.replace(/^http:\/\//, '')};

  # The caller's credential; owner root, mode 0600.
  include ${folder}/${NGINX_FILES.caller};

  # Above the service's own deadline (decision.deadline, ${decisionMs} ms), so that its answer arrives before nginx stops waiting.
  auth_http_timeout ${Math.ceil((decisionMs + MARGIN_MS) / 1000)}s;

  # Clients are told the mail hosts' own words.
  proxy_pass_error_message on;

  ssl_certificate ${certificate};
  ssl_certificate_key ${key};

${servers.join('\n')}
}
`;
}

/** What proves the caller to the service. @param credential `name:secret`, or the base64 of it */
export function renderCaller(credential: string): string {
  const base64 = credential.includes(':') ? Buffer.from(credential).toString('base64') : credential;
  return `auth_http_header Authorization "Basic ${base64}";\n`;
}

/** What to do with the files. */
export function renderReadme({ url, caller, folder, certificate }: NginxSetup): string {
  const { conf, caller: callerFile, secret } = NGINX_FILES;
  return `# Nauthilus for nginx

Files for the machine whose nginx proxies mail and asks ${url} as the caller \`${caller}\`. Needed there: \`libnginx-mod-mail\`, and the certificate
\`${certificate}\`.

## Install

In this folder, as root:

\`\`\`sh
install -m 0644 ${conf} ${folder}/ && install -m 0600 ${callerFile} ${folder}/
grep -q ${conf} ${folder}/nginx.conf || echo 'include ${folder}/${conf};' >>${folder}/nginx.conf
nginx -t && nginx -s reload
\`\`\`

1. puts the files where nginx looks for them. \`${callerFile}\` belongs to root, mode 0600: nginx reads it before it gives up root.
2. lets nginx proxy mail; \`${folder}/nginx.conf\` is otherwise left as it is.
3. takes the new configuration where it has no mistake.

## Files

| file | what for |
|---|---|
| \`${conf}\` | the mail block: ports, certificate, where the service is |
| \`${callerFile}\` | the caller's credential as a header: keep this folder as safe as it |
| \`${secret}\` | the same for the next run of \`nauthilus generate\`; nginx does not need it |

Which host an account is sent to is set in the service (\`mail_hosts\`).
`;
}
