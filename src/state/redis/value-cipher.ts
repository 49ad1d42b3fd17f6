import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type DecipherGCM,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Secret } from '../../login/secret.ts';

const ALGORITHM = 'aes-256-gcm';
const FORMAT = 1;
const ID_BYTES = 4;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ID_START = 1;
const SALT_START = ID_START + ID_BYTES;
const NONCE_START = SALT_START + SALT_BYTES;
const TEXT_START = NONCE_START + NONCE_BYTES;

/** One for each process that shares the store, and some of those that were. */
const KEYS_IN_MIND = 1000;
/** NIST SP 800-38D 8.3 allows 2^32 for one key. */
const SEALS_OF_A_KEY = 2 ** 31;

/**
 * Encrypts what is kept in Redis with AES-256-GCM. Each process has keys of its own, which HKDF-SHA-256 (RFC 5869) makes from
 * the installation's secret and a random salt, and counts its nonces, so that none occurs twice under a key. The name of the
 * Redis key is authenticated too: a value that was moved does not open.
 *
 * A value is: format (1 byte), id of the secret (4), salt (16), nonce (12), encrypted text, tag (16).
 */
export class ValueCipher {
  readonly #secrets: ReadonlyMap<number, Secret>;
  readonly #currentId: number;
  readonly #keys = new LRUCache<string, KeyObject>({ max: KEYS_IN_MIND });
  #sealing: Sealing;

  /** The first secret seals; all of them open. */
  constructor(secrets: readonly [Secret, ...Secret[]]) {
    const [current] = secrets;
    // An earlier one of the same id gives way.
    this.#secrets = new Map(secrets.toReversed().map((secret) => [idOf(secret), secret]));
    this.#currentId = idOf(current);
    this.#sealing = startSealing(current, this.#currentId);
  }

  seal(name: string, text: string): Buffer {
    if (this.#sealing.seals >= SEALS_OF_A_KEY) this.#sealing = startSealing(this.#current(), this.#currentId);
    const { key, header, seals } = this.#sealing;
    this.#sealing.seals += 1;
    const nonce = Buffer.alloc(NONCE_BYTES);
    nonce.writeUInt32BE(seals, NONCE_BYTES - 4);
    const cipher = createCipheriv(ALGORITHM, key, nonce);
    cipher.setAAD(Buffer.concat([header, Buffer.from(name)]));
    return Buffer.concat([header, nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** The text that was sealed under this name, or `undefined` for anything else. */
  open(name: string, value: Buffer): string | undefined {
    if (value.length < TEXT_START + TAG_BYTES || value[0] !== FORMAT) return undefined;
    const key = this.#keyOf(value);
    if (key === undefined) return undefined;
    const decipher = createDecipheriv(ALGORITHM, key, value.subarray(NONCE_START, TEXT_START), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.concat([value.subarray(0, NONCE_START), Buffer.from(name)]));
    decipher.setAuthTag(value.subarray(-TAG_BYTES));
    // Whole, not piece by piece: a decoder of pieces costs several times as much as the rest.
    const text = decipher.update(value.subarray(TEXT_START, -TAG_BYTES));
    return isAuthentic(decipher) ? text.toString('utf8') : undefined;
  }

  #current(): Secret {
    return this.#secrets.get(this.#currentId) as Secret;
  }

  #keyOf(value: Buffer): KeyObject | undefined {
    const place = value.toString('latin1', ID_START, NONCE_START);
    const known = this.#keys.get(place);
    if (known !== undefined) return known;
    const secret = this.#secrets.get(value.readUInt32BE(ID_START));
    if (secret === undefined) return undefined;
    const key = deriveKey(secret, value.subarray(SALT_START, NONCE_START));
    this.#keys.set(place, key);
    return key;
  }
}

interface Sealing {
  readonly key: KeyObject;
  /** Format, id and salt. */
  readonly header: Buffer;
  seals: number;
}

function startSealing(secret: Secret, id: number): Sealing {
  const salt = randomBytes(SALT_BYTES);
  const header = Buffer.alloc(NONCE_START);
  header[0] = FORMAT;
  header.writeUInt32BE(id, ID_START);
  salt.copy(header, SALT_START);
  return { key: deriveKey(secret, salt), header, seals: 0 };
}

function deriveKey(secret: Secret, salt: Buffer): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret.reveal(), salt, 'nauthilus state v1 values', 32)));
}

/** Tells secrets apart and nothing of them. */
function idOf(secret: Secret): number {
  return Buffer.from(hkdfSync('sha256', secret.reveal(), '', 'nauthilus state v1 id', ID_BYTES)).readUInt32BE();
}

function isAuthentic(decipher: DecipherGCM): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}
