import { hash } from 'node:crypto';
import { cryptDigits } from './crypt-text.ts';

const ROUNDS = 1000;
const NUL = Buffer.of(0);
const ORDER = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
] as const;

/** MD5-crypt as FreeBSD brought it, of a setting that was accepted before. It blocks its thread for one or two milliseconds. */
export function md5Crypt(password: Buffer, setting: string): string {
  const saltText = setting.split('$', 3)[2] ?? '';
  const salt = Buffer.from(saltText, 'latin1');
  const inner = digestOf([password, salt, password]);
  const parts = [password, Buffer.from('$1$'), salt];
  if (password.length > 0) parts.push(Buffer.alloc(password.length, inner));
  for (let length = password.length; length > 0; length >>= 1) parts.push(length & 1 ? NUL : password.subarray(0, 1));
  const key = stretch(digestOf(parts), password, salt);
  const threes = ORDER.map(([a, b, c]) =>
    cryptDigits((byteOf(key, a) << 16) | (byteOf(key, b) << 8) | byteOf(key, c), 4),
  );
  return `$1$${saltText}$${threes.join('')}${cryptDigits(byteOf(key, 11), 2)}`;
}

function stretch(first: Buffer, password: Buffer, salt: Buffer): Buffer {
  let result = first;
  for (let round = 0; round < ROUNDS; round += 1) {
    const parts = [round & 1 ? password : result];
    if (round % 3 !== 0) parts.push(salt);
    if (round % 7 !== 0) parts.push(password);
    parts.push(round & 1 ? result : password);
    result = digestOf(parts);
  }
  return result;
}

function digestOf(parts: readonly Buffer[]): Buffer {
  return hash('md5', Buffer.concat(parts), 'buffer');
}

function byteOf(bytes: Buffer, index: number): number {
  return bytes[index] as number;
}
