import { createRequire } from 'node:module';
import type * as koffiModule from 'koffi';
import type { KoffiFunc } from 'koffi';
import { HashingFailedError } from './scheme.ts';

/**
 * Hashes a password as `setting` says, which is a stored hash or the part of one before its key; off the event loop.
 * @throws {HashingFailedError} where the setting is not known here, or memory ran out.
 */
export type Crypt = (password: Buffer, setting: string) => Promise<string>;

/** crypt(3) of the system's C library, computed on a thread of the pool. */
export interface Libcrypt {
  readonly kind: 'libcrypt';
  readonly crypt: Crypt;
}

/** The library cannot be used here; `reason` tells an operator what to install. */
export interface MissingLibcrypt {
  readonly kind: 'missing';
  readonly reason: string;
}

type CryptRn = KoffiFunc<(phrase: Buffer, setting: Buffer, data: Buffer, size: number) => string | null>;
type Koffi = typeof koffiModule;

/** sizeof(struct crypt_data) in libxcrypt, the same on all its platforms: part of its binary interface. */
const CRYPT_DATA_BYTES = 32_768;
/** The first is libxcrypt as Debian has it, the second libxcrypt built without obsolete functions. */
const LIBRARY_NAMES = ['libcrypt.so.1', 'libcrypt.so.2'] as const;

/** Opens libcrypt through the optional package koffi. */
export function openLibcrypt(names: readonly string[] = LIBRARY_NAMES, load = loadKoffi): Libcrypt | MissingLibcrypt {
  const koffi = load();
  if (koffi === undefined) return { kind: 'missing', reason: 'the npm package koffi, which is not installed' };
  for (const name of names) {
    const cryptRn = bindCryptRn(koffi, name);
    if (cryptRn !== undefined)
      return { kind: 'libcrypt', crypt: (password, setting) => call(cryptRn, password, setting) };
  }
  return { kind: 'missing', reason: `the system library ${names.join(' or ')} with crypt_rn, which was not found` };
}

function loadKoffi(): Koffi | undefined {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch {
    return undefined;
  }
}

function bindCryptRn(koffi: Koffi, name: string): CryptRn | undefined {
  try {
    return koffi
      .load(name)
      .func('const char *crypt_rn(const void *phrase, const void *setting, void *data, int size)') as CryptRn;
  } catch {
    return undefined;
  }
}

function call(cryptRn: CryptRn, password: Buffer, setting: string): Promise<string> {
  if (password.includes(0)) return Promise.reject(new HashingFailedError('crypt(3) would cut the password at its NUL'));
  const phrase = Buffer.alloc(password.length + 1);
  password.copy(phrase);
  const terminated = Buffer.from(`${setting}\0`, 'latin1');
  const data = Buffer.alloc(CRYPT_DATA_BYTES);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  try {
    cryptRn.async(phrase, terminated, data, CRYPT_DATA_BYTES, (error: unknown, result) => {
      phrase.fill(0);
      data.fill(0);
      // Named here, so that it is not collected while the library reads it: koffi holds on to the callback only.
      terminated.fill(0);
      if (error) reject(new HashingFailedError('libcrypt could not be called', { cause: error }));
      // A setting that it cannot use gives no string, or one that starts with an asterisk.
      else if (typeof result === 'string' && !result.startsWith('*')) resolve(result);
      else reject(new HashingFailedError('libcrypt cannot compute this kind of hash'));
    });
  } catch (error) {
    phrase.fill(0);
    reject(new HashingFailedError('libcrypt could not be called', { cause: error }));
  }
  return promise;
}
