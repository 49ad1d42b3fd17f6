import type { AccountName } from '../login/account-name.ts';

// What directories take for nothing when they compare names (RFC 4518 2.2), as far as names may hold it.
const IGNORED = /[\p{Default_Ignorable_Code_Point}\u1806]/gu;
const ASCII = /^[\x21-\x7e]+$/;

/**
 * Under what an account's guesses are counted: spellings that a backend may take for one name have one key, since each spelling
 * of its own would be a budget of its own.
 */
export function accountKeyOf(name: AccountName): string {
  if (ASCII.test(name)) return name.toLowerCase();
  return name.normalize('NFKC').replaceAll(IGNORED, '').toLowerCase().normalize('NFKC');
}
