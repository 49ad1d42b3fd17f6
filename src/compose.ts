/**
 * The composition root: the only place that knows all parts. It builds each once from the configuration, gives every part what
 * it uses and nothing more, and takes all of it down again in the opposite order.
 *
 * @module
 */
import { openBackends } from './compose/backends.ts';
import { openCallers } from './compose/callers.ts';
import { loadKeyPairs, openListeners } from './compose/listeners.ts';
import { openVerifiedLogins } from './compose/verified-logins.ts';
import type { Config } from './config/config.ts';
import { createDecide } from './decision/authenticate.ts';
import { Deadlines } from './decision/deadlines.ts';
import { createListAccounts } from './decision/list-accounts.ts';
import { PasswordChecks } from './passwords/password-checks.ts';
import { Events } from './telemetry/events.ts';
import { type LogOptions, openLog } from './telemetry/log.ts';
import { Metrics } from './telemetry/metrics.ts';
import { liveDoor, metricsDoor, readyDoor } from './wire/http/health-doors.ts';
import { JsonDoor } from './wire/http/json/json-door.ts';
import { Router } from './wire/http/router.ts';

const FORGET_DEADLINE_MS = 5000;

export interface StartOptions {
  readonly version: string;
  /** Where the log goes; standard output where absent. */
  readonly logDestination?: LogOptions['destination'];
}

/** The running service. Disposing of it stops accepting, finishes what is under way within the deadline, and closes all. */
export interface App extends AsyncDisposable {
  /** Where it answers, as URLs without a path. */
  readonly urls: readonly string[];
  readonly paths: readonly string[];
  readonly callers: readonly string[];
  readonly backends: readonly { readonly name: string; readonly detail: string }[];
}

/**
 * Builds everything and begins to answer.
 * @throws {ConfigError} where the configuration names what cannot be used: a file, a certificate, a hash, an address
 */
export async function start(config: Config, options: StartOptions): Promise<App> {
  await using building = new AsyncDisposableStack();
  const openedLog = building.use(openLog({ level: config.log.level, ...destinationOf(options) }));
  const metrics = new Metrics(options.version);
  const events = new Events(openedLog, metrics, config.log.names);

  const checks = new PasswordChecks(config.passwords);
  metrics.addGauge('password_checks_running', 'Costly password checks being computed.', () => checks.running);
  metrics.addGauge('password_checks_queued', 'Costly password checks that wait.', () => checks.queued);
  const callers = await openCallers(config);
  const keyPairs = await loadKeyPairs(config);
  const verifiedLogins = openVerifiedLogins(config, metrics);
  const onAccountsChanged = () => void verifiedLogins.store.forgetAll(AbortSignal.timeout(FORGET_DEADLINE_MS));
  const backendParts = { checks, events, metrics, building, onAccountsChanged };
  const { backends, answersDisabledLookups } = await openBackends(config, backendParts);

  const deadlines = building.use(new Deadlines(config.decision.deadlineMs));
  const decide = createDecide({
    backends,
    verifiedLogins: verifiedLogins.memory,
    answersDisabledLookups,
    deadline: () => deadlines.signal(),
    now: () => performance.now(),
  });
  const jsonDoor = new JsonDoor({
    callers,
    decide,
    listAccounts: createListAccounts(backends),
    events,
    ...config.answers,
    dovecot: config.dovecot,
    listDeadline: () => AbortSignal.timeout(config.list.deadlineMs),
  });
  const readiness = () => {
    const states = backends.map((backend) => ({ name: backend.name, isReady: backend.health().isReady }));
    return { isReady: states.every((state) => state.isReady), backends: states };
  };
  const doors = new Map([
    ['/api/v1/auth/json', jsonDoor],
    ['/healthz/live', liveDoor()],
    ['/healthz/ready', readyDoor(readiness)],
    ['/metrics', metricsDoor(() => metrics.render(), metrics.contentType, callers)],
  ]);
  const router = new Router({ doors, events, maxRequests: config.maxRequests });
  metrics.addGauge('http_requests_in_flight', 'Requests being answered.', () => router.inFlight);
  const urls = await openListeners(config, { router, events, keyPairs, building });

  const running = building.move();
  const { log } = openedLog;
  log.info({ version: options.version, urls, backends: backends.map((backend) => backend.name) }, 'ready');
  return {
    urls,
    paths: [...doors.keys()],
    callers: config.callers.map((caller) => caller.name),
    backends: backends.map((backend) => ({ name: backend.name, detail: backend.health().detail })),
    async [Symbol.asyncDispose]() {
      log.info('stopping');
      await running.disposeAsync();
    },
  };
}

function destinationOf({ logDestination }: StartOptions): Pick<LogOptions, 'destination'> {
  return logDestination === undefined ? {} : { destination: logDestination };
}
