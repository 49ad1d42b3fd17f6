import pino from 'pino';
import type { Backend } from '../../../src/backends/backend.ts';
import { createDecide } from '../../../src/decision/authenticate.ts';
import { Deadlines } from '../../../src/decision/deadlines.ts';
import { createListAccounts } from '../../../src/decision/list-accounts.ts';
import { Events } from '../../../src/telemetry/events.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';
import type { BasicConfig } from '../../../src/wire/http/basic/basic-config.ts';
import { BasicDoor } from '../../../src/wire/http/basic/basic-door.ts';
import { type CallerEntry, Callers, type ProveSecret } from '../../../src/wire/http/callers.ts';
import type { DovecotConfig } from '../../../src/wire/http/dovecot-config.ts';
import { CborDoor } from '../../../src/wire/http/cbor/cbor-door.ts';
import type { Door } from '../../../src/wire/http/exchange.ts';
import { liveDoor, metricsDoor, readyDoor } from '../../../src/wire/http/health-doors.ts';
import {
  HttpListener,
  type KeyPair,
  type ListenAt,
  type ListenerLimits,
} from '../../../src/wire/http/http-listener.ts';
import { HeaderDoor } from '../../../src/wire/http/header/header-door.ts';
import { JsonDoor } from '../../../src/wire/http/json/json-door.ts';
import type { NginxConfig } from '../../../src/wire/http/nginx/nginx-config.ts';
import { NginxDoor } from '../../../src/wire/http/nginx/nginx-door.ts';
import { Router } from '../../../src/wire/http/router.ts';
import { SaslauthdDoor } from '../../../src/wire/http/saslauthd/saslauthd-door.ts';
import { type PoolChanges, someMailHosts } from '../../support/mail-hosts.ts';
import { someRequestHeaders } from '../../support/request-headers.ts';
import { aDovecotConfig } from '../../support/dovecot-settings.ts';
import { type MemoryAccount, MemoryBackend } from '../../support/memory-backend.ts';

export const ALICE: MemoryAccount = {
  name: 'alice@example.test',
  password: 'alice-pw',
  attributes: { home: ['/srv/mail/alice'], group: ['staff', 'testers'] },
};
export const CALLER = basic('mx', 'a caller secret');
export const PATH = '/api/v1/auth/json';

/** An `Authorization` header's value. */
export function basic(name: string, secret: string): string {
  return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
}

/** May do all; `reader` may only log users in. Both have the secret `a caller secret`. */
const CALLERS: readonly CallerEntry[] = [
  { name: 'mx', scopes: new Set(['authenticate', 'lookup', 'list', 'admin']), networks: [] },
  { name: 'reader', scopes: new Set(['authenticate']), networks: [] },
];

const LIMITS: ListenerLimits = {
  headerTimeoutMs: 5000,
  bodyTimeoutMs: 10_000,
  idleTimeoutMs: 30_000,
  maxConnections: 500,
};

export interface ServiceOptions {
  readonly backends?: readonly Backend[];
  readonly limits?: Partial<ListenerLimits>;
  readonly tls?: KeyPair;
  /** Where it listens; on loopback at a free port where absent. */
  readonly at?: ListenAt;
  /** Networks of proxies that send headers of the PROXY protocol. */
  readonly proxyProtocol?: readonly string[];
  /** Networks of HTTP proxies that are believed. */
  readonly trustedProxies?: readonly string[];
  readonly maxRequests?: number;
  readonly decisionMs?: number;
  readonly listMs?: number;
  readonly prove?: ProveSecret;
  readonly attributeLimit?: number;
  readonly dovecot?: DovecotConfig;
  readonly nginx?: NginxConfig;
  /** The Basic door is there where this is given. */
  readonly basic?: BasicConfig;
  /** Hosts that the nginx door sends accounts to. */
  readonly mailPools?: readonly PoolChanges[];
}

export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly listener: HttpListener;
  readonly router: Router;
  readonly metrics: Metrics;
  /** The backend that serves {@link ALICE} unless others are given. */
  readonly backend: MemoryBackend;
  /** Lines of the log so far. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

/** The JSON door and the health doors behind a real listener on a free port. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const backend = new MemoryBackend([ALICE]);
  const { backends = [backend], maxRequests = 1000, nginx = NGINX, mailPools = [] } = options;
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const metrics = new Metrics('test');
  const events = new Events({ log: pino({ base: null }, { write }), writeLine: write }, metrics, 'plain');
  const callers = new Callers(CALLERS, options.prove ?? proveSecret, () => performance.now());
  const deadlines = new Deadlines(options.decisionMs ?? 5000);
  const decide = createDecide({
    backends,
    answersDisabledLookups: new Set(),
    deadline: () => deadlines.signal(),
    now: () => performance.now(),
  });
  const lists = {
    callers,
    decide,
    listAccounts: createListAccounts(backends),
    events,
    attributeHeadersLimit: 4096,
    listDeadline: () => AbortSignal.timeout(options.listMs ?? 10_000),
  };
  const jsonDoor = new JsonDoor({
    ...lists,
    attributeLimit: options.attributeLimit ?? 7168,
    dovecot: options.dovecot ?? aDovecotConfig(),
  });
  const names = someRequestHeaders();
  const headerDoor = new HeaderDoor({
    callers,
    decide,
    events,
    names,
    attributeHeadersLimit: 4096,
    lists: jsonDoor,
  });
  const readiness = () => ({
    isReady: backend.health().isReady,
    backends: [{ name: 'memory', isReady: backend.health().isReady }],
  });
  const nginxDoor = new NginxDoor({
    callers,
    decide,
    events,
    names,
    nginx,
    mailHosts: someMailHosts(mailPools, events),
  });
  const doors = new Map<string, Door>([
    [PATH, jsonDoor],
    ['/api/v1/auth/cbor', new CborDoor(lists)],
    ['/api/v1/auth/saslauthd', new SaslauthdDoor({ callers, decide, events })],
    ['/api/v1/auth/header', headerDoor],
    ['/api/v1/auth/nginx', nginxDoor],
    ...[options.basic].flatMap((basic) =>
      basic === undefined ? [] : [['/api/v1/auth/basic', new BasicDoor({ decide, events, basic })] as const],
    ),
    ['/healthz/live', liveDoor()],
    ['/healthz/ready', readyDoor(readiness)],
    ['/metrics', metricsDoor(() => metrics.render(), metrics.contentType, callers)],
  ]);
  const router = new Router({ doors, events, maxRequests });
  const listener = await HttpListener.open(listenerOptions(options), router, events);
  return {
    url: listener.url,
    port: listener.address?.port ?? 0,
    listener,
    router,
    metrics,
    backend,
    lines,
    async [Symbol.asyncDispose]() {
      await listener.close(AbortSignal.abort());
      deadlines[Symbol.dispose]();
    },
  };
}

function listenerOptions(options: ServiceOptions) {
  const { at = { kind: 'tcp', address: '127.0.0.1', port: 0 }, proxyProtocol, trustedProxies, tls } = options;
  const where = { at, proxyProtocol, trustedProxies, limits: { ...LIMITS, ...options.limits } };
  return tls === undefined ? where : { ...where, tls: { ...tls, minVersion: 'TLSv1.2' as const } };
}

/** What nginx is told where a test asks for nothing else. */
const NGINX: NginxConfig = {
  waitSeconds: 2,
  maxAttempts: 5,
  hasResponseCodes: false,
  isForXclient: false,
  backendLogin: undefined,
};
const SECRET = Buffer.from('a caller secret');
const proveSecret: ProveSecret = (_, secret) => (secret.reveal().equals(SECRET) ? 'match' : 'mismatch');
