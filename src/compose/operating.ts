import type { Config } from '../config/config.ts';
import type { Decide, Protection } from '../decision/authenticate.ts';
import { createHypotheses, type ExplainHypothesis } from '../decision/explanations/hypothetical-login.ts';
import { BlockBook } from '../decision/operating/block-book.ts';
import { createFlush, type Flush } from '../decision/operating/flush.ts';
import { JobQueue } from '../decision/operating/job-queue.ts';
import { Forgetting } from '../decision/operating/forgetting.ts';
import type { AccountName } from '../login/account-name.ts';
import type { Attempt } from '../login/attempt.ts';
import { DEFAULT_PROTOCOL } from '../login/protocol.ts';
import type { Announcements } from '../state/announcements.ts';
import { MemoryAnnouncements } from '../state/memory/memory-announcements.ts';
import type { RedisState } from '../state/redis/redis-state.ts';
import type { Events } from '../telemetry/events.ts';
import { blockDoor } from '../wire/http/admin/block-door.ts';
import { bruteforceFlushDoor, bruteforceFlushLaterDoor } from '../wire/http/admin/bruteforce-flush-door.ts';
import { bruteforceListDoor } from '../wire/http/admin/bruteforce-list-door.ts';
import { cacheFlushDoor, cacheFlushLaterDoor, type FlushCache } from '../wire/http/admin/cache-flush-door.ts';
import { explainHypothesisDoor, explainPastDoor, type FindKeptLine } from '../wire/http/admin/explain-doors.ts';
import { jobDoor } from '../wire/http/admin/job-doors.ts';
import type { CallerGate } from '../wire/http/caller-gate.ts';
import type { Door } from '../wire/http/exchange.ts';
import type { Frame } from './frame.ts';
import { openBooks } from './protection.ts';

/** A network or an account is looked for in all that is counted. */
const FOLLOW_DEADLINE_MS = 60_000;

export interface OperatingParts {
  readonly config: Config;
  readonly frame: Frame;
  /** Absent where nothing is shared. */
  readonly redis: RedisState | undefined;
  readonly protection: Protection;
  readonly decide: Decide;
  readonly flushCache: FlushCache;
  readonly building: AsyncDisposableStack;
}

/** What operators may do with the protection while the service runs. */
export interface Operating {
  readonly book: BlockBook;
  readonly flush: Flush;
  readonly flushCache: FlushCache;
  readonly jobs: JobQueue;
  readonly explain: ExplainHypothesis;
  readonly findLine: FindKeptLine;
}

export function openOperating(parts: OperatingParts): Operating {
  const { config, frame, redis, protection, decide, flushCache, building } = parts;
  const { countedHere, crew, events, jobsHere } = frame;
  const books = openBooks(config, countedHere, redis);
  const { blocks } = books;
  const announcements: Announcements = redis?.announcements ?? new MemoryAnnouncements();
  const forgetting = building.use(
    new Forgetting({
      countedHere: [countedHere.accounts, countedHere.networks],
      blocksHere: countedHere.blocks,
      countedTogether: redis === undefined ? [] : [redis.counters],
      blocks,
      remembers: protection.guard,
      announcements,
      deadline: () => AbortSignal.timeout(FOLLOW_DEADLINE_MS),
    }),
  );
  const forgetLogins = (account: AccountName) => flushCache(account);
  const jobs = building.use(new JobQueue({ here: jobsHere, shared: redis?.jobs, now: Date.now }));
  building.use(
    frame.metrics.addGauge('operator_jobs', 'Jobs of operators that wait or are done.', () => jobs.inFlight),
  );
  return {
    jobs,
    flushCache,
    book: new BlockBook({ blocks, forgetting, announcements, forgetLogins, now: Date.now }),
    flush: createFlush({ forgetting, forgetLogins, accountOf: accountOver(decide) }),
    explain: createHypotheses({
      rules: config.protection,
      places: protection.places,
      servedDomains: protection.servedDomains,
      books: { rules: config.protection.guesses, ...books },
      decide,
      rememberedMs: config.verifiedLogins.lifetimeMs,
      now: Date.now,
    }),
    findLine: (session) => crew.keptLine(session, events.kept),
  };
}

/** The doors of operators by their paths; anybody may enter without a gate. */
export function operatingDoors(
  { book, flush, flushCache, jobs, explain, findLine }: Operating,
  events: Events,
  gate: CallerGate | undefined,
): readonly (readonly [path: string, door: Door])[] {
  const ofCache = { flush: flushCache, events, gate };
  const ofGuesses = { flush, events, gate };
  return [
    ['/api/v1/cache/flush', cacheFlushDoor(ofCache)],
    ['/api/v1/cache/flush/async', cacheFlushLaterDoor(ofCache, jobs)],
    ['/api/v1/bruteforce/list', bruteforceListDoor(book, gate)],
    ['/api/v1/bruteforce/flush', bruteforceFlushDoor(ofGuesses)],
    ['/api/v1/bruteforce/flush/async', bruteforceFlushLaterDoor(ofGuesses, jobs)],
    ['/api/v1/async/jobs/*', jobDoor(jobs, gate)],
    ['/api/v1/block', blockDoor(book, events, gate)],
    ['/api/v1/explain', explainHypothesisDoor(explain, gate)],
    ['/api/v1/explain/*', explainPastDoor(findLine, gate)],
  ];
}

/** Asks the backends as a look-up does; nothing is counted. */
function accountOver(decide: Decide): (name: AccountName) => Promise<AccountName | undefined> {
  return async (name) => {
    const attempt: Attempt = {
      session: '',
      mode: 'look-up',
      caller: '',
      loginName: name,
      protocol: DEFAULT_PROTOCOL,
      mechanism: '',
    };
    const { verdict } = await decide(attempt);
    return verdict.kind === 'accept' ? verdict.account.name : undefined;
  };
}
