/**
 * Everything of the running service that one configuration makes: who may ask, where accounts live, how is decided, which paths
 * are served. A change of the configuration builds another inside beside the one that serves, and puts it in its place.
 *
 * @module
 */
import type { Backend } from '../backends/backend.ts';
import type { Config } from '../config/config.ts';
import { createDecide } from '../decision/authenticate.ts';
import { Deadlines } from '../decision/deadlines.ts';
import { PasswordChecks } from '../passwords/password-checks.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { NoticeSink } from '../telemetry/notices/notice.ts';
import type { Door } from '../wire/http/exchange.ts';
import { liveDoor, metricsDoor, type Readiness, readyDoor } from '../wire/http/health-doors.ts';
import { CallerGate } from '../wire/http/caller-gate.ts';
import type { Callers } from '../wire/http/callers.ts';
import { Router } from '../wire/http/router.ts';
import { openCallers } from './callers.ts';
import { openFacts } from './facts.ts';
import { describedDoors } from './described-doors.ts';
import type { Frame } from './frame.ts';
import { type LineDoors, openLineDoors } from './line-doors.ts';
import type { KeyPairs } from './listener-places.ts';
import { loadKeyPairs } from './listeners.ts';
import { openOperating, operatingDoors } from './operating.ts';
import { openLoginDoors } from './login-doors.ts';
import { mailHostsDoors, openMailHosts } from './mail-hosts.ts';
import { openNotices } from './notices.ts';
import { openPolicy, openProtection } from './protection.ts';
import type { RememberedHere } from './remembered.ts';
import { openSources } from './sources.ts';
import { flushOf, openLookUps, openVerifiedLogins, type OpenState } from './state.ts';

const CONTROL_REQUESTS = 64;
const IDLE_LOOK_MS = 20;

/** Disposing of it closes what it opened; who does so waits for {@link Inside.idle} before. */
export interface Inside extends AsyncDisposable {
  /** Paths that callers may ask. */
  readonly router: Router;
  /** Paths that the control socket serves to the owner of the service. */
  readonly controlRouter: Router;
  readonly keyPairs: KeyPairs;
  /** What listeners for lines ask. */
  readonly lineDoors: LineDoors;
  readonly paths: readonly string[];
  readonly callers: readonly string[];
  readonly backends: readonly { readonly name: string; readonly detail: string }[];
  readonly remembered: RememberedHere;
  /** Who is told of what happens; nobody where absent. */
  readonly notices: NoticeSink | undefined;
  readiness(): Readiness;
  /** Fulfilled when no request and no job is under way any more, or `signal` fires. */
  idle(signal: AbortSignal): Promise<void>;
}

/**
 * @param before what the inside remembers that this one is to replace; taken over where it still holds
 * @throws {ConfigError} where the configuration names what cannot be used: a file, a certificate, a hash
 */
export async function openInside(config: Config, frame: Frame, before?: RememberedHere): Promise<Inside> {
  await using building = new AsyncDisposableStack();
  const { events, metrics, countedHere } = frame;
  const checks = openChecks(config, metrics, building);
  const callers = await openCallers(config, events);
  const notices = openNotices(config, { events, metrics, building });
  const keyPairs = await loadKeyPairs(config);
  const sources = await openSources(config, { frame, checks, before, building });
  const { backends, state, remembered, answersDisabledLookups } = sources;

  const deadlines = building.use(new Deadlines(config.decision.deadlineMs));
  const facts = await openFacts(config, backends, { events, metrics, building });
  const protection = openProtection(config, countedHere, state.redis, facts);
  const decide = createDecide({
    backends,
    verifiedLogins: openVerifiedLogins(config, state, remembered, backends),
    lookUps: openLookUps(config, state),
    protection,
    answersDisabledLookups,
    deadline: () => deadlines.signal(),
    now: () => performance.now(),
  });
  const policy = openPolicy(config, protection, () => deadlines.signal());
  const readiness = () => readinessOf(backends, state);
  const flushCache = flushOf(state);
  const { redis } = state;
  const mailHosts = await openMailHosts(config, { frame, redis, building });
  const operating = openOperating({ config, frame, redis, protection, decide, flushCache, building });
  // What admins may do over HTTP with a credential they may do over the control socket without one.
  const adminDoors = (gate: CallerGate | undefined) => [
    ...operatingDoors(operating, events, gate),
    ...mailHostsDoors(mailHosts, events, gate),
  ];
  const gate = new CallerGate(callers, events);
  const doors = describedDoors(frame, gate, [
    ...adminDoors(gate),
    ...openLoginDoors(config, { callers, decide, listAccounts: state.lists.list, mailHosts, frame, policy, operating }),
    ...watchersDoors(frame, readiness, callers),
  ]);
  const lineDoors = await openLineDoors(config, { decide, events, backends, building });
  const controlDoors = new Map<string, Door>(adminDoors(undefined));
  const router = new Router({ doors, events, maxRequests: config.maxRequests });
  const controlRouter = new Router({ doors: controlDoors, events, maxRequests: CONTROL_REQUESTS });
  building.use(metrics.addGauge('http_requests_in_flight', 'Requests being answered.', () => router.inFlight));
  const { work } = lineDoors;
  building.use(metrics.addGauge('line_requests_in_flight', 'Requests of lines that wait.', () => work.inFlight));

  const opened = building.move();
  return {
    router,
    controlRouter,
    keyPairs,
    lineDoors,
    paths: [...doors.keys()],
    callers: config.callers.map((caller) => caller.name),
    backends: backends.map((backend) => ({ name: backend.name, detail: backend.health().detail })),
    remembered,
    notices,
    readiness,
    idle: (signal) => untilIdle([router, controlRouter, operating.jobs, lineDoors.work], signal),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function readinessOf(backends: readonly Backend[], state: OpenState): Readiness {
  const states = backends.map((backend) => ({ name: backend.name, isReady: backend.health().isReady }));
  return { isReady: states.every(({ isReady }) => isReady), isDegraded: !state.isWhole(), backends: states };
}

/** What those ask who watch the service, by its path. */
function watchersDoors(
  { crew, metrics }: Frame,
  readiness: () => Readiness,
  callers: Callers,
): readonly (readonly [path: string, door: Door])[] {
  return [
    ['/healthz/live', liveDoor()],
    ['/healthz/ready', readyDoor(() => crew.readiness(readiness()))],
    ['/metrics', metricsDoor(() => crew.renderMetrics(metrics), metrics.contentType, callers)],
  ];
}

function openChecks(config: Config, metrics: Metrics, building: AsyncDisposableStack): PasswordChecks {
  const concurrency = Math.max(1, Math.floor(config.passwords.concurrency / config.workers));
  const checks = new PasswordChecks({ ...config.passwords, concurrency });
  building.use(
    metrics.addGauge('password_checks_running', 'Costly password checks being computed.', () => checks.running),
  );
  building.use(metrics.addGauge('password_checks_queued', 'Costly password checks that wait.', () => checks.queued));
  return checks;
}

async function untilIdle(busy: readonly { readonly inFlight: number }[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted && busy.some(({ inFlight }) => inFlight > 0))
    await new Promise((resolve) => setTimeout(resolve, IDLE_LOOK_MS));
}
