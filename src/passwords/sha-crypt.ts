import { hash } from 'node:crypto';
import { cryptDigits } from './crypt-text.ts';

const SETTING = /^\$([56])\$(?:rounds=(\d+)\$)?([^$]*)/;
const DEFAULT_ROUNDS = 5000;

/** The two digests, and the order in which three bytes each of the result are written. */
const VARIANTS = {
  '5': { digest: 'sha256', bytes: 32, threes: (i: number) => rotated([i, i + 10, i + 20], -i), rest: [31, 30] },
  '6': { digest: 'sha512', bytes: 64, threes: (i: number) => rotated([i, i + 21, i + 42], i), rest: [63] },
} as const;

/**
 * SHA-crypt (Drepper, "Unix crypt using SHA-256 and SHA-512") of a setting that was accepted before. It blocks its thread, about
 * 10 ms for 5000 rounds.
 */
export function shaCrypt(password: Buffer, setting: string): string {
  const [prefix = '', id, roundsText, saltText = ''] = SETTING.exec(setting) ?? [];
  const { digest, bytes, threes, rest } = VARIANTS[id === '5' ? '5' : '6'];
  const salt = Buffer.from(saltText, 'latin1');
  const digestOf = (...parts: readonly Uint8Array[]) => hash(digest, Buffer.concat(parts), 'buffer');

  const inner = digestOf(password, salt, password);
  const first = digestOf(password, salt, repeated(inner, password.length), ...byBits(password, inner));
  const p = repeated(digestOf(...Array.from(password, () => password)), password.length);
  const s = repeated(digestOf(...Array.from({ length: 16 + (first[0] as number) }, () => salt)), salt.length);
  const key = stretch(first, { p, s, rounds: Number(roundsText ?? DEFAULT_ROUNDS), digest });

  let text = `${prefix}$`;
  for (let index = 0; index < Math.floor(bytes / 3); index += 1) text += digitsOf(key, threes(index));
  return text + digitsOf(key, rest);
}

interface Stretching {
  readonly p: Buffer;
  readonly s: Buffer;
  readonly rounds: number;
  readonly digest: 'sha256' | 'sha512';
}

/** Each round digests one of eight sequences, which differ in nothing but the result of the round before. */
function stretch(first: Buffer, { p, s, rounds, digest }: Stretching): Buffer {
  const sequences = Array.from({ length: 8 }, (_, kind) => {
    const middle = [kind & 2 ? s : undefined, kind & 4 ? p : undefined].filter((part) => part !== undefined);
    const parts = kind & 1 ? [p, ...middle, first] : [first, ...middle, p];
    const bytes = Buffer.concat(parts);
    return { bytes, at: kind & 1 ? bytes.length - first.length : 0 };
  });
  let result = first;
  for (let round = 0; round < rounds; round += 1) {
    const kind = (round & 1) | (round % 3 === 0 ? 0 : 2) | (round % 7 === 0 ? 0 : 4);
    const { bytes, at } = sequences[kind] as (typeof sequences)[number];
    result.copy(bytes, at);
    result = hash(digest, bytes, 'buffer');
  }
  return result;
}

function byBits(password: Buffer, inner: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let length = password.length; length > 0; length >>= 1) parts.push(length & 1 ? inner : password);
  return parts;
}

function repeated(bytes: Buffer, length: number): Buffer {
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes);
}

function rotated(three: readonly [number, number, number], by: number): readonly number[] {
  const start = ((by % 3) + 3) % 3;
  return [...three.slice(start), ...three.slice(0, start)];
}

/** Three bytes, highest first, as four digits, two as three, one as two. */
function digitsOf(key: Buffer, indices: readonly number[]): string {
  const value = indices.reduce((sum, index) => (sum << 8) | (key[index] as number), 0);
  return cryptDigits(value, indices.length + 1);
}
