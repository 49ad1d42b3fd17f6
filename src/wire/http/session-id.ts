import { randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODES = Buffer.from(ALPHABET, 'latin1');
/** All pairs of the alphabet: ten bits at a time are looked up, not computed. */
const PAIRS: readonly string[] = Array.from({ length: 1024 }, (_, n) => `${ALPHABET[n >> 5]}${ALPHABET[n & 31]}`);
const RANDOM_CHARACTERS = 12;
const IDS_PER_MS = 1024 * 1024;
/** A clock that was set back by less than this is waited for, so that ids stay in order. */
const WAITED_FOR_MS = 1000;

const randomBytes = Buffer.alloc(RANDOM_CHARACTERS * 512);
let random = '';
let used = 0;
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
  if (used === random.length) refill();
  const chance = random.slice(used, used + RANDOM_CHARACTERS);
  used += RANDOM_CHARACTERS;
  const id = lastTime + PAIRS[count >> 10] + PAIRS[count & 1023] + chance;
  count += 1;
  return id;
}

/** Chance for many ids at once: five bits of each byte. */
function refill(): void {
  randomFillSync(randomBytes);
  for (let i = 0; i < randomBytes.length; i += 1) randomBytes[i] = CODES[(randomBytes[i] as number) & 31] as number;
  random = randomBytes.toString('latin1');
  used = 0;
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
