import type { Block } from '../../../decision/operating/block-book.ts';

const ACCOUNT = 'account:';

/** A block as operators are shown it; times in whole seconds. */
export interface BlockView {
  /** What it is found by. */
  readonly key: string;
  readonly network: string | null;
  readonly account: string | null;
  /** The rule. */
  readonly bucket: string;
  readonly scope: string;
  readonly ban_time: number | null;
  readonly ttl: number;
  readonly banned_at: string | null;
  readonly until: string;
  readonly reason: string;
  readonly by: string;
}

export function viewOf(block: Block, nowMs: number): BlockView {
  const { key, network, rule, scope, sinceMs, untilMs, reason, by } = block;
  return {
    key,
    network: network ?? null,
    account: accountOf(key) ?? null,
    bucket: rule,
    scope,
    ban_time: sinceMs === undefined ? null : Math.round((untilMs - sinceMs) / 1000),
    ttl: Math.max(0, Math.ceil((untilMs - nowMs) / 1000)),
    banned_at: sinceMs === undefined ? null : new Date(sinceMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    reason,
    by,
  };
}

/** The account of a block of one. */
export function accountOf(key: string): string | undefined {
  return key.startsWith(ACCOUNT) ? key.slice(ACCOUNT.length) : undefined;
}
