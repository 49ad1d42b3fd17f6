const FIRST_MS = 250;
const LONGEST_MS = 30_000;

/**
 * How long to wait before a worker is started again: by chance up to a bound that doubles with each failure in a row (full
 * jitter), so that several that fail for one reason do not all come back at once.
 * @param failures how many there were in a row, 1 or more
 * @param chance a number from 0 up to 1
 * @returns milliseconds
 */
export function backOffMs(failures: number, chance: number = Math.random()): number {
  return Math.round(chance * Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1)));
}
