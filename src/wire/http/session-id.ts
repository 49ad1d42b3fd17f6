import { randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const RANDOM_CHARS = 16;
const POOL_BYTES = 4096;

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;
let lastMs = -1;
let lastTime = '';

/**
 * A new session id: a ULID, 26 characters, ten of time and sixteen of chance. Ids sort by the millisecond in which they were
 * made and can stand in headers, URLs and logs as they are.
 */
export function newSessionId(nowMs: number = Date.now()): string {
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    lastTime = encodeTime(nowMs);
  }
  if (used + RANDOM_CHARS > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  let id = lastTime;
  for (const end = used + RANDOM_CHARS; used < end; used += 1) id += ALPHABET[(pool[used] as number) & 31];
  return id;
}

function encodeTime(ms: number): string {
  let text = '';
  for (let rest = ms, i = 0; i < 10; i += 1, rest = Math.floor(rest / 32)) text = ALPHABET[rest % 32] + text;
  return text;
}
