import type { Attempt } from '../../login/attempt.ts';
import type { RuleFinding } from '../../login/verdict.ts';

/** What operators may want to be told of at once: stable machine-readable codes. */
export const NOTICE_KINDS = [
  'block-put',
  'account-budget-used-up',
  'spraying-seen',
  'network-limit-passed',
  'blocked-by-hand',
  'blocks-ended',
  'guesses-forgotten',
  'shared-state-away',
  'shared-state-back',
  'server-down',
  'server-up',
] as const;

export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** One thing that has happened. `fields` hold text and numbers, names as the log shows them, and never a password. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly fields: Readonly<Record<string, string | number | undefined>>;
  /** Notices of the same subject are one while they are young; each counts where absent. */
  readonly subject?: string | undefined;
}

/** Takes notices; must neither throw nor take long. */
export interface NoticeSink {
  take(notice: Notice): void;
}

const ACCOUNT_RULES: ReadonlySet<string> = new Set(['account', 'account-known', 'account-network']);
/** What these find is told by others, or is nothing to act on. */
const SILENT: ReadonlySet<string> = new Set([
  'manual',
  'denied-network',
  'tls',
  'relay-domain',
  'rbl',
  'place',
  'shared-address',
  'state-unavailable',
]);

/** What a rule has found as a notice; `undefined` for what nobody needs to be told of. */
export function noticeOfFinding(
  { rule, effect, network, count, limit, untilMs }: RuleFinding,
  attempt: Attempt,
  showName: (name: string) => string,
): Notice | undefined {
  if (SILENT.has(rule)) return undefined;
  const until = untilMs === undefined ? undefined : new Date(untilMs).toISOString();
  const about = {
    rule,
    effect,
    network,
    count,
    limit,
    until,
    session: attempt.session,
    client_ip: attempt.clientAddress,
  };
  if (ACCOUNT_RULES.has(rule)) {
    const name = showName(attempt.loginName.slice(0, LONGEST_NAME));
    return { kind: 'account-budget-used-up', fields: { ...about, login_name: name }, subject: `${rule} ${name}` };
  }
  if (rule === 'spraying') return { kind: 'spraying-seen', fields: about, subject: network };
  if (effect === 'observed') return { kind: 'network-limit-passed', fields: about, subject: `${rule} ${network}` };
  // A block that holds already was told of when it was put.
  return count === undefined || until === undefined
    ? undefined
    : { kind: 'block-put', fields: about, subject: `${rule} ${network} ${until}` };
}

const LONGEST_NAME = 256;
