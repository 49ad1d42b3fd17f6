const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** A timer that is told to wait for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** True for a time that a timer can wait. */
export function isWithinTimers(text: string): boolean {
  return parseDuration(text) <= MAX_TIMER_MS;
}

/** Milliseconds of a time such as `10s`. The text was checked by its schema. */
export function parseDuration(text: string): number {
  const { count, unit } = split(text);
  return count * MS[unit as keyof typeof MS];
}

/** Bytes of a size such as `7KiB`. The text was checked by its schema. */
export function parseByteSize(text: string): number {
  const { count, unit } = split(text);
  return count * BYTES[unit as keyof typeof BYTES];
}

function split(text: string): { count: number; unit: string } {
  const unit = text.replace(/^[0-9]+/, '');
  return { count: Number(text.slice(0, text.length - unit.length)), unit };
}
