import { cryptNumber } from './crypt-text.ts';
import { type HashProblem, problem, type RawHash, type Weakness } from './scheme.ts';

/** A kind of crypt(3) hash, told by how the hash starts. bcrypt is read by its own module. */
export type CryptKind =
  | 'DES-CRYPT'
  | 'MD5-CRYPT'
  | 'SHA256-CRYPT'
  | 'SHA512-CRYPT'
  | 'SCRYPT'
  | 'YESCRYPT'
  | 'GOST-YESCRYPT';

/** What the shape of a crypt(3) hash says: its kind and its costs, as `key=value` text. */
export interface CryptForm {
  readonly kind: 'form';
  readonly of: CryptKind;
  readonly costs: string;
  readonly weakness?: Weakness | undefined;
}

const MIN_ROUNDS = 1000;
const MAX_ROUNDS = 5_000_000;
const DEFAULT_ROUNDS = 5000;
const MAX_MEMORY_BYTES = 1024 ** 3;

// Salts hold what libxcrypt lets through. The last digit of each key holds fewer than six bits; crypt(3) never writes others.
const SHA256_FORM = /^\$5\$(?:rounds=([1-9]\d{0,8})\$)?(?![^$]*[!*:;\\])[!-#%-~]{0,16}\$[./0-9A-Za-z]{42}[./0-9A-D]$/;
const SHA512_FORM = /^\$6\$(?:rounds=([1-9]\d{0,8})\$)?(?![^$]*[!*:;\\])[!-#%-~]{0,16}\$[./0-9A-Za-z]{85}[./01]$/;
const MD5_FORM = /^\$1\$(?![^$]*[!*:;\\])[!-#%-~]{0,8}\$[./0-9A-Za-z]{21}[./01]$/;
const DES_FORM = /^[./0-9A-Za-z]{12}[.26AEIMQUYcgkosw]$/;
const YESCRYPT_FORM = /^\$g?y\$j([./0-9A-Za-j])([./0-9A-Za-j])\$[./0-9A-Za-z]{1,86}\$[./0-9A-Za-z]{42}[./0-9A-D]$/;
const SCRYPT_FORM =
  /^\$7\$([./0-9A-Za-z])([./0-9A-Za-z]{5})([./0-9A-Za-z]{5})[./0-9A-Za-z]{1,64}\$[./0-9A-Za-z]{42}[./0-9A-D]$/;

/** Reads the shape of a crypt(3) hash other than bcrypt; refuses costs that would hold a thread for many seconds. */
export function readCryptForm(raw: RawHash): CryptForm | HashProblem {
  if (raw.startsWith('$6$')) return readSha(raw, 'SHA512-CRYPT', SHA512_FORM);
  if (raw.startsWith('$5$')) return readSha(raw, 'SHA256-CRYPT', SHA256_FORM);
  if (raw.startsWith('$1$')) return readMd5(raw);
  if (raw.startsWith('$y$')) return readYescrypt(raw, 'YESCRYPT');
  if (raw.startsWith('$gy$')) return readYescrypt(raw, 'GOST-YESCRYPT');
  if (raw.startsWith('$7$')) return readScrypt(raw);
  if (DES_FORM.test(raw)) return { kind: 'form', of: 'DES-CRYPT', costs: '', weakness: 'outdated' };
  if (raw.startsWith('$argon2'))
    return problem('an Argon2 hash is not one of crypt(3); name its scheme ARGON2ID or ARGON2I');
  if (raw.startsWith('!') || raw.startsWith('*')) return problem('the crypt(3) hash is locked by a leading ! or *');
  return problem(
    'the crypt(3) hash is not of a known form: $1$, $2a$ to $2y$, $5$, $6$, $7$, $y$, $gy$ or 13 characters of DES',
  );
}

function readSha(raw: RawHash, of: CryptKind, form: RegExp): CryptForm | HashProblem {
  const match = form.exec(raw);
  if (match === null) return problem(`the ${of} hash is not of the form ${raw.slice(0, 3)}rounds=…$salt$key`);
  const rounds = match[1] === undefined ? DEFAULT_ROUNDS : Number(match[1]);
  if (rounds < MIN_ROUNDS || rounds > MAX_ROUNDS)
    return problem(`the ${of} hash has rounds outside ${MIN_ROUNDS} to ${MAX_ROUNDS}`);
  return { kind: 'form', of, costs: `rounds=${rounds}` };
}

function readMd5(raw: RawHash): CryptForm | HashProblem {
  if (!MD5_FORM.test(raw)) return problem('the MD5-CRYPT hash is not of the form $1$salt$key');
  return { kind: 'form', of: 'MD5-CRYPT', costs: '', weakness: 'outdated' };
}

function readYescrypt(raw: RawHash, of: CryptKind): CryptForm | HashProblem {
  const [, memory = '', block = ''] = YESCRYPT_FORM.exec(raw) ?? [];
  if (memory === '') return problem(`the ${of} hash is not of the form $y$j9T$salt$key`);
  const exponent = cryptNumber(memory) + 1;
  const r = cryptNumber(block) + 1;
  if (128 * r * 2 ** exponent > MAX_MEMORY_BYTES) return tooMuchMemory(of);
  return { kind: 'form', of, costs: `N=2^${exponent},r=${r}` };
}

function readScrypt(raw: RawHash): CryptForm | HashProblem {
  const [, memory = '', block = '', lanes = ''] = SCRYPT_FORM.exec(raw) ?? [];
  if (memory === '') return problem('the SCRYPT hash is not of the form $7$ and 11 digits of costs, salt$key');
  const exponent = cryptNumber(memory);
  const r = cryptNumber(block);
  const p = cryptNumber(lanes);
  if (exponent === 0 || r === 0 || p === 0) return problem('the SCRYPT hash has a cost of zero');
  if (128 * r * p * 2 ** exponent > MAX_MEMORY_BYTES) return tooMuchMemory('SCRYPT');
  return { kind: 'form', of: 'SCRYPT', costs: `N=2^${exponent},r=${r},p=${p}` };
}

function tooMuchMemory(of: CryptKind): HashProblem {
  return problem(`the ${of} hash asks for more than ${MAX_MEMORY_BYTES / 1024 ** 2} MiB of memory`);
}
