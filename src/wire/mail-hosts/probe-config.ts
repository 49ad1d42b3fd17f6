import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import Type from 'typebox';
import {
  Choice,
  Count,
  DurationAboveZero,
  Flag,
  Path,
  type ResolveContext,
  SecretText,
  Section,
} from '../../config/fields.ts';
import { parseClientAddress } from '../../login/client-address.ts';
import {
  PROBE_PROTOCOLS,
  PROBE_TLS,
  type ProbeLogin,
  type ProbeProtocol,
  type ProbeSettings,
} from './probes/probe-settings.ts';

const PRINTABLE = '^[\\u0021-\\u007e]{1,1024}$';

export const PoolProbeSchema = Section(
  {
    protocol: Choice([...PROBE_PROTOCOLS], {
      description:
        'What is spoken. `tcp` opens a connection and closes it; the others want the greeting of their protocol, and what the server says of itself. `smtp` is also submission, `sieve` is ManageSieve.',
      default: 'tcp',
      examples: ['imap'],
    }),
    tls: Choice([...PROBE_TLS], {
      description: '`starttls` begins in the clear and goes on over TLS, `implicit` begins with TLS.',
      default: 'none',
      examples: ['starttls'],
    }),
    ca: Type.Optional(
      Path({
        description:
          'PEM file of the authorities that are trusted, or of the certificate of hosts that have signed their own; without it, those that Node.js trusts. Certificates and names are always checked.',
        examples: ['mail-ca.pem'],
      }),
    ),
    server_name: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._:-]{1,253}$',
        description: 'Name that the certificates must have, where it is not `host`.',
        examples: ['mail.example.test'],
      }),
    ),
    proxy_protocol: Flag({
      description:
        'Sends a header of the PROXY protocol, version 2, before all else, as hosts want it that listen behind a proxy with it (`haproxy = yes` in Dovecot). It says that the probe speaks for itself.',
      default: false,
      examples: [true],
    }),
    login: Type.Optional(
      Section(
        {
          name: Type.String({
            pattern: PRINTABLE,
            description: 'Login name of an account that is there for this.',
            examples: ['probe@example.test'],
          }),
          password: SecretText({ description: 'Its password.', examples: [{ file: 'probe.secret' }] }),
        },
        {
          description:
            'Account that each probe logs in as: a host that lets it in has working authentication. A login that is refused makes the host count as down.',
        },
      ),
    ),
    path: Type.Optional(
      Type.String({
        pattern: '^/[!-~]{0,1023}$',
        description: 'For `http`: what is asked for. `/` without it.',
        examples: ['/healthz'],
      }),
    ),
    status: Type.Optional(
      Count({
        description: 'For `http`: the status that must be answered. 200 without it.',
        minimum: 100,
        maximum: 599,
        examples: [204],
      }),
    ),
    interval: Type.Optional(
      DurationAboveZero({
        description: 'Time between two probes of a host of this pool, where it is not `probe_interval`.',
        examples: ['30s'],
      }),
    ),
    deadline: Type.Optional(
      DurationAboveZero({
        description: 'Time within which a probe of this pool must be over, where it is not `probe_deadline`.',
        examples: ['5s'],
      }),
    ),
  },
  { description: 'How the hosts of this pool are probed.', default: {} },
);

/** How the hosts of a pool are probed, and how often. */
export interface PoolProbeConfig {
  readonly settings: ProbeSettings;
  readonly intervalMs: number;
}

type Raw = Type.Static<typeof PoolProbeSchema>;

export function resolvePoolProbe(
  raw: Raw,
  usual: { readonly intervalMs: number; readonly deadlineMs: number },
  hosts: readonly string[],
  context: ResolveContext,
): PoolProbeConfig {
  refuseMismatches(raw, context);
  const login = raw.login && resolveLogin(raw.login, context.at('login'));
  if (login !== undefined && raw.tls === 'none' && !hosts.every(isLoopback))
    context.warning('tls', 'the password of `login` goes to the hosts unencrypted; set starttls or implicit');
  return {
    settings: {
      protocol: raw.protocol,
      tls: raw.tls,
      trust: raw.ca === undefined ? undefined : resolveTrust(context.resolvePath(raw.ca), context),
      serverName: raw.server_name,
      sendsProxyHeader: raw.proxy_protocol,
      login,
      http: { path: raw.path ?? '/', status: raw.status ?? 200 },
      deadlineMs: raw.deadline === undefined ? usual.deadlineMs : context.durationMs(raw.deadline),
    },
    intervalMs: raw.interval === undefined ? usual.intervalMs : context.durationMs(raw.interval),
  };
}

const WITHOUT_STARTTLS: ReadonlySet<ProbeProtocol> = new Set(['tcp', 'http']);

function refuseMismatches(
  { protocol, tls, ca, server_name: name, login, path, status }: Raw,
  context: ResolveContext,
): void {
  if (tls === 'starttls' && WITHOUT_STARTTLS.has(protocol))
    context.problem('tls', `${protocol} has no STARTTLS; write \`implicit\`, or another protocol`);
  if (tls === 'none' && ca !== undefined) context.problem('ca', 'is of no use without `tls`');
  if (tls === 'none' && name !== undefined) context.problem('server_name', 'is of no use without `tls`');
  if (protocol === 'tcp' && login !== undefined)
    context.problem('login', 'needs a protocol to log in over, such as `protocol: imap`');
  if (protocol === 'http') return;
  if (path !== undefined) context.problem('path', 'is for `protocol: http` only');
  if (status !== undefined) context.problem('status', 'is for `protocol: http` only');
}

function resolveLogin({ name, password }: NonNullable<Raw['login']>, context: ResolveContext): ProbeLogin {
  const secret = context.readSecret(password, 'password');
  // A line break would be the end of a command.
  if (secret.isEmpty || secret.reveal().some((byte) => byte < 0x20 || byte === 0x7f))
    context.problem('password', 'must not be empty, and not hold control characters');
  return { name, password: secret };
}

function resolveTrust(file: string, context: ResolveContext): SecureContext | undefined {
  try {
    const ca = readFileSync(file);
    // Text that holds none is no error to who only collects what is trusted.
    void new X509Certificate(ca);
    return createSecureContext({ ca });
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    context.problem('ca', `${file}: cannot be used (${code})`);
    return undefined;
  }
}

function isLoopback(host: string): boolean {
  const address = parseClientAddress(host);
  return address === undefined ? host === 'localhost' : address === '::1' || address.startsWith('127.');
}
