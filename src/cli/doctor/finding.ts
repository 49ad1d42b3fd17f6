/** How a check ended. `skipped`: could not be tried, because of another finding or because nobody asked for it. */
export type Level = 'ok' | 'warn' | 'fail' | 'skipped';

/** What one check found. */
export interface Finding {
  readonly level: Level;
  /** What is so, in one sentence. */
  readonly text: string;
  /** What to do about it; where there is something to do. */
  readonly mend?: string;
}

/** A finding with the name of the check that made it. */
export interface NamedFinding extends Finding {
  readonly check: string;
}

export function ok(text: string): Finding {
  return { level: 'ok', text };
}

export function warn(text: string, mend: string): Finding {
  return { level: 'warn', text, mend };
}

export function fail(text: string, mend: string): Finding {
  return { level: 'fail', text, mend };
}

export function skipped(text: string): Finding {
  return { level: 'skipped', text };
}
