import { timingSafeEqual } from 'node:crypto';
import { makeBcrypt, readBcrypt } from './bcrypt.ts';
import { type CryptForm, type CryptKind, readCryptForm } from './crypt-forms.ts';
import { randomSalt } from './crypt-text.ts';
import { decodeHash } from './encoding.ts';
import type { Crypt, Libcrypt, MissingLibcrypt } from './libcrypt.ts';
import { sharedProfile } from './profile.ts';
import {
  type CostlyAlgorithm,
  HashingFailedError,
  HashNotMadeError,
  type HashProblem,
  type PasswordScheme,
  problem,
  type RawHash,
  type SchemeName,
  type Weakness,
} from './scheme.ts';
import { UsableHash } from './usable-hash.ts';

/** libxcrypt computes nothing for longer passwords, so no hash of one exists. */
const MAX_PASSWORD_BYTES = 511;
/** DES looks at no more of a password than this. */
const MAX_DES_PASSWORD_BYTES = 8;
/** About the time of a new Argon2id hash. */
const MADE_ROUNDS = 100_000;

/** What computes crypt(3) here: the system's library for all kinds, or, without it, the fallback for the kinds it knows. */
export interface CryptParts {
  readonly system: Libcrypt | MissingLibcrypt;
  /** For `$1$`, `$5$` and `$6$`. */
  readonly fallback: Crypt;
}

const WITH_FALLBACK: ReadonlySet<CryptKind> = new Set<CryptKind>(['MD5-CRYPT', 'SHA256-CRYPT', 'SHA512-CRYPT']);

/** The schemes of crypt(3). All but MD5-CRYPT and BLF-CRYPT take any kind of its hashes, whatever their name, as Dovecot does. */
export function cryptSchemes(parts: CryptParts, plainMd5: PasswordScheme): readonly PasswordScheme[] {
  const reader = new CryptReader(parts);
  const common = { encoding: 'text', cost: 'costly' } as const;
  const readAny = (raw: RawHash) => reader.readAny(raw);
  const make = (of: CryptKind, setting: () => string) => (password: Buffer) => reader.make(of, password, setting());
  const makeMd5 = make('MD5-CRYPT', () => `$1$${randomSalt(8)}$`);
  const need = parts.system.kind === 'missing' ? parts.system.reason : undefined;
  const table: readonly (Pick<PasswordScheme, 'read' | 'make' | 'weakness' | 'missing'> & { name: SchemeName })[] = [
    { name: 'BLF-CRYPT', read: (raw) => reader.readBlowfish(raw), make: makeBcrypt },
    {
      name: 'SHA512-CRYPT',
      read: readAny,
      make: make('SHA512-CRYPT', () => `$6$rounds=${MADE_ROUNDS}$${randomSalt(16)}$`),
    },
    {
      name: 'SHA256-CRYPT',
      read: readAny,
      make: make('SHA256-CRYPT', () => `$5$rounds=${MADE_ROUNDS}$${randomSalt(16)}$`),
    },
    { name: 'MD5-CRYPT', weakness: 'outdated', read: (raw) => reader.readMd5(raw), make: makeMd5 },
    { name: 'MD5', weakness: 'outdated', read: (raw) => reader.readEitherMd5(raw, plainMd5), make: makeMd5 },
    {
      name: 'DES-CRYPT',
      weakness: 'outdated',
      missing: need && `needs ${need}`,
      read: readAny,
      make: make('DES-CRYPT', () => randomSalt(2)),
    },
    { name: 'CRYPT', missing: need && `DES, $7$, $y$ and $gy$ need ${need}`, read: readAny, make: makeBcrypt },
  ];
  return table.map((row) => ({ ...common, ...row }));
}

class CryptReader {
  readonly #parts: CryptParts;
  readonly #algorithms = new Map<string, CostlyAlgorithm>();

  constructor(parts: CryptParts) {
    this.#parts = parts;
  }

  readAny(raw: RawHash): UsableHash | HashProblem {
    return raw.startsWith('$2') ? this.readBlowfish(raw) : this.#readForm(raw, readCryptForm(raw));
  }

  readBlowfish(raw: RawHash): UsableHash | HashProblem {
    return readBcrypt(raw, this.#algorithmOf('BLF-CRYPT', undefined));
  }

  readMd5(raw: RawHash): UsableHash | HashProblem {
    if (!raw.startsWith('$1$')) return problem('the MD5-CRYPT hash is not of the form $1$salt$key');
    return this.#readForm(raw, readCryptForm(raw));
  }

  /** Dovecot's MD5 is MD5-CRYPT, or else a plain digest. */
  readEitherMd5(raw: RawHash, plainMd5: PasswordScheme): UsableHash | HashProblem {
    if (raw.startsWith('$1$')) return this.readMd5(raw);
    const digest = decodeHash(raw, plainMd5, undefined);
    if (typeof digest !== 'string') return problem('the MD5 hash is neither $1$salt$key nor an MD5 digest');
    return plainMd5.read(digest);
  }

  async make(of: CryptKind, password: Buffer, setting: string): Promise<RawHash> {
    const crypt = this.#cryptOf(of);
    if (typeof crypt !== 'function') throw new HashNotMadeError('hashing-unavailable', crypt.message);
    const maxBytes = of === 'DES-CRYPT' ? MAX_DES_PASSWORD_BYTES : MAX_PASSWORD_BYTES;
    if (password.length > maxBytes) {
      throw new HashNotMadeError(
        'unusable-password',
        `${of} uses only the first ${maxBytes} bytes of a password; choose a shorter one or another scheme`,
      );
    }
    const raw = await crypt(password, setting);
    if (!raw.startsWith(setting)) throw new HashingFailedError(`${of} gave a hash of another kind`);
    return raw;
  }

  #readForm(raw: RawHash, form: CryptForm | HashProblem): UsableHash | HashProblem {
    if (form.kind === 'problem') return form;
    const algorithm = this.#algorithmOf(form.of, form.weakness);
    if ('kind' in algorithm) return algorithm;
    return new UsableHash(algorithm, sharedProfile(`${form.of} ${form.costs}`.trim()), raw);
  }

  #algorithmOf(of: CryptKind | 'BLF-CRYPT', weakness: Weakness | undefined): CostlyAlgorithm | HashProblem {
    const known = this.#algorithms.get(of);
    if (known !== undefined) return known;
    const crypt = this.#cryptOf(of);
    if (typeof crypt !== 'function') return crypt;
    const algorithm: CostlyAlgorithm = {
      name: of,
      cost: 'costly',
      weakness,
      check: (raw, password) => check(crypt, raw, password),
    };
    this.#algorithms.set(of, algorithm);
    return algorithm;
  }

  #cryptOf(of: CryptKind | 'BLF-CRYPT'): Crypt | HashProblem {
    const { system, fallback } = this.#parts;
    if (system.kind === 'libcrypt') return system.crypt;
    if (of !== 'BLF-CRYPT' && WITH_FALLBACK.has(of)) return fallback;
    return problem(`${of} needs ${system.reason}`);
  }
}

async function check(crypt: Crypt, raw: RawHash, password: Buffer): Promise<boolean> {
  // crypt(3) would read up to the NUL only and match what is another password.
  if (password.length > MAX_PASSWORD_BYTES || password.includes(0)) return false;
  const computed = Buffer.from(await crypt(password, raw), 'latin1');
  const stored = Buffer.from(raw, 'latin1');
  return computed.length === stored.length && timingSafeEqual(computed, stored);
}
