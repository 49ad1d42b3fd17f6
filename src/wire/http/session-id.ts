import { randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** All pairs of the alphabet: ten bits at a time are looked up, not computed. */
const PAIRS: readonly string[] = Array.from({ length: 1024 }, (_, n) => `${ALPHABET[n >> 5]}${ALPHABET[n & 31]}`);
const RANDOM_PAIRS = 6;
const IDS_PER_MS = 1024 * 1024;
/** A clock that was set back by less than this is waited for, so that ids stay in order. */
const WAITED_FOR_MS = 1000;

const pool = new Uint16Array(RANDOM_PAIRS * 512);
let used = pool.length;
let lastMs = -1;
let lastTime = '';
let count = 0;

/**
 * A new session id in the form of a ULID, 26 characters: ten of time, four that count within the millisecond, twelve of chance.
 * Ids of one process sort in the order in which they were made, those of several by millisecond; they can stand in headers, URLs
 * and logs as they are.
 */
export function newSessionId(nowMs: number = Date.now()): string {
  if (nowMs > lastMs || nowMs < lastMs - WAITED_FOR_MS) enter(nowMs);
  else if (count === IDS_PER_MS) enter(lastMs + 1);
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let id = lastTime + PAIRS[count >> 10] + PAIRS[count & 1023];
  for (const end = used + RANDOM_PAIRS; used < end; used += 1) id += PAIRS[(pool[used] as number) & 1023];
  count += 1;
  return id;
}

function enter(ms: number): void {
  lastMs = ms;
  lastTime = encodeTime(ms);
  count = 0;
}

function encodeTime(ms: number): string {
  let text = '';
  for (let rest = ms, i = 0; i < 10; i += 1, rest = Math.floor(rest / 32)) text = ALPHABET[rest % 32] + text;
  return text;
}
