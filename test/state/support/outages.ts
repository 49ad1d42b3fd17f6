/**
 * What is promised while a Redis or Valkey fails: the tests of outages hold it, and docs/outages.md is written from it.
 *
 * @module
 */

/** What happens to logins and operators meanwhile, seen from outside. Alternatives that may come in turn are parted by `|`. */
export interface Promised {
  /** Who vouches for a login that this process remembers. */
  readonly rememberedHere: 'memory' | 'backend';
  /** Who vouches for a login that only another process has asked a backend about. */
  readonly rememberedElsewhere: 'shared' | 'backend' | 'shared|backend';
  /** Who vouches for a login that nobody remembers. */
  readonly notRemembered: 'backend';
  /** Why a wrong password is refused. */
  readonly wrongPassword: 'wrong-password';
  /** How many wrong passwords are tried at a backend before an account is closed for guesses. */
  readonly limits: 'whole' | 'stricter';
  readonly flush: 'everywhere' | 'here only';
  readonly readiness: 'ok' | 'degraded';
}

export interface Outage {
  readonly id:
    | 'stopped'
    | 'hung'
    | 'slow'
    | 'read-only'
    | 'out-of-memory'
    | 'restarted-empty'
    | 'wrong-type'
    | 'wrong-password';
  /** In words, as a heading of its row. */
  readonly fault: string;
  readonly during: Promised;
  /** Who vouches, when all is well again, for a login that another process has asked a backend about before the fault. */
  readonly afterwards: 'shared' | 'backend';
}

const AWAY: Promised = {
  rememberedHere: 'memory',
  rememberedElsewhere: 'backend',
  notRemembered: 'backend',
  wrongPassword: 'wrong-password',
  limits: 'stricter',
  flush: 'here only',
  readiness: 'degraded',
};

const WELL: Promised = {
  ...AWAY,
  rememberedElsewhere: 'shared',
  limits: 'whole',
  flush: 'everywhere',
  readiness: 'ok',
};

export const OUTAGES: readonly Outage[] = [
  { id: 'stopped', fault: 'stopped, unreachable, connection refused', during: AWAY, afterwards: 'backend' },
  { id: 'hung', fault: 'hung: takes connections and answers nothing', during: AWAY, afterwards: 'shared' },
  { id: 'slow', fault: 'slow by 200 ms, within `command_timeout`', during: WELL, afterwards: 'shared' },
  {
    id: 'read-only',
    fault: 'read-only: a replica, or a server that lost its place',
    // Now and then the connection is made anew, lest another server took the place.
    during: { ...AWAY, rememberedElsewhere: 'shared|backend' },
    afterwards: 'shared',
  },
  {
    id: 'out-of-memory',
    fault: 'out of memory, with `noeviction`',
    // What keeps somebody out takes little and goes on; only that nothing more is remembered is amiss.
    during: { ...WELL, readiness: 'degraded' },
    afterwards: 'shared',
  },
  {
    id: 'restarted-empty',
    fault: 'restarted, empty',
    during: { ...WELL, rememberedHere: 'backend', rememberedElsewhere: 'backend' },
    afterwards: 'backend',
  },
  {
    id: 'wrong-type',
    fault: 'keys that hold another type',
    during: { ...WELL, rememberedElsewhere: 'backend' },
    afterwards: 'backend',
  },
  { id: 'wrong-password', fault: 'does not take our password any more', during: AWAY, afterwards: 'shared' },
];

const WORDS = {
  memory: 'accepted, from memory',
  shared: 'accepted, from Redis',
  backend: 'accepted, the backend is asked',
  'shared|backend': 'accepted, from Redis; at moments the backend is asked',
  'wrong-password': 'refused',
  whole: 'as set',
  stricter: 'stricter, in each process',
  everywhere: 'everywhere',
  'here only': 'in this process; the answer says so (500)',
  ok: '`ok`',
  degraded: '`degraded`',
} as const satisfies Record<Promised[keyof Promised], string>;

const HEAD = [
  'Redis or Valkey is',
  'Login this process remembers',
  'Login another process remembers',
  'Login nobody remembers',
  'Wrong password',
  'Limits against guesses',
  'Flush',
  '`/healthz/ready`',
  'Afterwards, what was remembered before',
];

/** The page for operators. */
export function renderOutages(): string {
  const rows = OUTAGES.map(({ fault, during, afterwards }) => [
    fault,
    WORDS[during.rememberedHere],
    WORDS[during.rememberedElsewhere],
    WORDS[during.notRemembered],
    WORDS[during.wrongPassword],
    WORDS[during.limits],
    WORDS[during.flush],
    WORDS[during.readiness],
    afterwards === 'shared' ? 'is there' : 'is gone; the backend is asked once more',
  ]);
  const lines = [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `# Outages of Redis or Valkey

<!-- Written by "npm run generate" from what test/state/outages.test.ts holds; do not edit. -->

Nobody is refused because shared state is away, and nobody is let in because of it. What each fault does while it lasts:

${lines.join('\n')}

- No login waits longer for it than a few times \`state.redis.command_timeout\`, and only until three commands in a row had no answer.
- Stricter limits: each process counts for itself, from nothing, and \`state.redis.limits_while_away\` percent of each limit against
  guesses holds, rounded up: a half by default.
- It ends by itself: connections are tried again at growing and uneven intervals, at least every 5 s, and one question is asked before
  all others are.
- Where a backend is away too, logins that are remembered serve for \`verified_logins.outage_lifetime\`; all others are put off
  (\`tempfail\`), never refused.

More, with Sentinels and Clusters: [state](guides/state.md#when-redis-is-away).
`;
}
