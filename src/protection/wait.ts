/** From how many wrong passwords on a client waits, and how long at most. */
export interface WaitRule {
  /** Wrong passwords that cost no waiting. */
  readonly free: number;
  readonly longestSeconds: number;
}

const GROWTH = 1.35;

/** Seconds that a client is to wait before it tries again, after so many different wrong passwords. Ten of them cost 25 s in sum. */
export function waitAfter(wrongPasswords: number, { free, longestSeconds }: WaitRule): number {
  if (wrongPasswords <= free) return 0;
  return Math.min(longestSeconds, Math.floor(GROWTH ** Math.min(100, wrongPasswords - free)));
}
