/** Files for HAProxy, by their names in its folder. */
export const HAPROXY_FILES = { conf: 'nauthilus.cfg', ca: 'nauthilus-ca.pem' } as const;

/** How HAProxy hands connections on. */
export type HaproxyMode =
  /** As they are, TLS included, with a header of the PROXY protocol before them. */
  | 'tcp'
  /** Request by request, with the client's address in `X-Forwarded-For`. */
  | 'http';

/** A machine that runs the service. */
export interface HaproxyNode {
  readonly host: string;
  readonly port: number;
}

/** What the files are made for. */
export interface HaproxySetup {
  readonly mode: HaproxyMode;
  /** Where HAProxy listens, in its own form. */
  readonly bind: string;
  /** PEM file with certificate and key that HAProxy shows; only where it speaks TLS itself. */
  readonly certificate: string;
  readonly nodes: readonly HaproxyNode[];
  /** File of the authorities that the nodes' certificates are checked by; `undefined` where the nodes speak no TLS. */
  readonly caFile: string | undefined;
  /** Name that all nodes' certificates must have; any where `undefined`. */
  readonly tlsName: string | undefined;
  /** The folder of HAProxy's configuration. */
  readonly folder: string;
  readonly hasOwnCa: boolean;
  /** Of the service: a connection without a request is closed by it after so many milliseconds. */
  readonly idleMs: number;
}

/** So that it is the service that closes idle connections, and tells clients before. */
const IDLE_MARGIN_MS = 10_000;

/** Frontend and backend. */
export function renderConf(setup: HaproxySetup): string {
  const { mode, nodes, idleMs } = setup;
  const idle = `${Math.ceil((idleMs + IDLE_MARGIN_MS) / 1000)}s`;
  const servers = nodes.map(({ host, port }, i) => `  server node${i + 1} ${host}:${port}`);
  return `# HAProxy in front of several nodes of Nauthilus. Made by "nauthilus generate haproxy" from the service's configuration.
# Belongs beside haproxy.cfg, as another file that HAProxy is started with.

frontend nauthilus
  mode ${mode}
  log global
  option ${mode}log
  option dontlognull
  timeout client ${idle}
${frontendLines(setup).join('\n')}
  default_backend nauthilus

backend nauthilus
  mode ${mode}
  balance leastconn
  timeout connect 2s
  timeout server ${idle}
  timeout check 4s
  retries 2
  option redispatch
  # A node that cannot decide logins gets none: it answers 503 there.
  option httpchk GET /healthz/ready
  http-check expect status 200
${defaultServer(setup)}
${servers.join('\n')}
`;
}

function frontendLines({ mode, bind, certificate }: HaproxySetup): readonly string[] {
  if (mode === 'tcp') return ['  # TLS goes through to the nodes.', `  bind ${bind}`];
  return [
    `  bind ${bind} ssl crt ${certificate} alpn http/1.1`,
    '  # What clients say of those they ask for is not handed on: only what HAProxy sees itself.',
    '  http-request del-header Forwarded',
    '  http-request del-header X-Forwarded-For',
    '  option forwardfor',
  ];
}

function defaultServer({ mode, caFile, tlsName }: HaproxySetup): string {
  const checks = 'check inter 2s fall 3 rise 2 on-marked-down shutdown-sessions';
  const proxy = mode === 'tcp' ? ' send-proxy-v2 check-send-proxy' : '';
  return `  default-server ${checks}${proxy}${tlsOf(mode, caFile, tlsName)}`;
}

function tlsOf(mode: HaproxyMode, caFile: string | undefined, tlsName: string | undefined): string {
  if (caFile === undefined) return '';
  const named = tlsName === undefined ? '' : ` verifyhost ${tlsName} check-sni ${tlsName}`;
  const sni = mode === 'http' && tlsName !== undefined ? ` sni str(${tlsName})` : '';
  return ` ${mode === 'tcp' ? 'check-ssl' : 'ssl'} verify required ca-file ${caFile}${named}${sni}`;
}

/** What to do with the files. */
export function renderReadme(setup: HaproxySetup): string {
  const { mode, nodes, folder, hasOwnCa, bind, certificate } = setup;
  const { conf, ca } = HAPROXY_FILES;
  const files = hasOwnCa ? `${conf} ${ca}` : conf;
  const how =
    mode === 'tcp'
      ? 'Connections go through as they are, TLS included; a header of the PROXY protocol tells the service whose they are.'
      : `HAProxy speaks TLS with \`${certificate}\` (certificate, chain and key in one file), and tells the service by \`X-Forwarded-For\` who asks.`;
  return `# Nauthilus behind HAProxy

Files for the machine whose HAProxy listens on \`${bind}\` in front of ${nodes.map(({ host, port }) => `\`${host}:${port}\``).join(', ')}. ${how}

## Install

In this folder, as root:

\`\`\`sh
install -m 0644 ${files} ${folder}/
grep -qs ${conf} /etc/default/haproxy || echo 'EXTRAOPTS="-S /run/haproxy-master.sock -f ${folder}/${conf}"' >>/etc/default/haproxy
haproxy -c -f ${folder}/haproxy.cfg -f ${folder}/${conf} && systemctl restart haproxy
\`\`\`

1. puts the files where HAProxy finds them.
2. has Debian's unit start HAProxy with this file too; \`${folder}/haproxy.cfg\` is left as it is.
3. takes the new configuration where it has no mistake.

## Files

| file | what for |
|---|---|
| \`${conf}\` | where HAProxy listens, the nodes, and how their health is checked |
${hasOwnCa ? `| \`${ca}\` | what the nodes' certificates are checked by |\n` : ''}`;
}
