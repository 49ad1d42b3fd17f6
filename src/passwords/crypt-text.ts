import { randomBytes } from 'node:crypto';

/** The digits of crypt(3), lowest value first: not those of base64. */
const CRYPT_DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A random salt of `length` crypt(3) digits, six bits each. */
export function randomSalt(length: number): string {
  return Array.from(randomBytes(length), (byte) => CRYPT_DIGITS[byte & 63]).join('');
}

/** Writes the lowest `digits` * 6 bits of a number, lowest first. */
export function cryptDigits(value: number, digits: number): string {
  let rest = value;
  let text = '';
  for (let index = 0; index < digits; index += 1) {
    text += CRYPT_DIGITS[rest & 63];
    rest >>>= 6;
  }
  return text;
}

/** The number that digits stand for, lowest first; for at most five digits. */
export function cryptNumber(digits: string): number {
  let value = 0;
  for (const [index, digit] of digits.split('').entries()) value += CRYPT_DIGITS.indexOf(digit) * 64 ** index;
  return value;
}
