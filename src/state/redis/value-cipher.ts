import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { Secret } from '../../login/secret.ts';

const FORMAT = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES;

interface MasterKey {
  readonly id: Buffer;
  readonly key: Buffer;
}

/**
 * Encrypts what is kept in Redis: AES-256-GCM under a key for each name, which HMAC-SHA-256 makes from a key that HKDF-SHA-256
 * (RFC 5869) makes from the installation's secret. The name is authenticated too, so that a value that was moved does not open;
 * and a nonce (random, 96 bit) may only not occur twice under one name.
 *
 * A value is: format (1 byte), id of the secret (4), nonce (12), encrypted text, tag (16).
 */
export class ValueCipher {
  readonly #current: MasterKey;
  readonly #all: readonly MasterKey[];

  /** The first secret seals; all of them open. */
  constructor(secrets: readonly [Secret, ...Secret[]]) {
    this.#current = masterKeyOf(secrets[0]);
    this.#all = secrets.map(masterKeyOf);
  }

  seal(name: string, text: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const header = Buffer.concat([Buffer.from([FORMAT]), this.#current.id]);
    const cipher = createCipheriv('aes-256-gcm', keyFor(this.#current, name), nonce);
    cipher.setAAD(authenticated(header, name));
    return Buffer.concat([header, nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** The text that was sealed under this name, or `undefined` for anything else. */
  open(name: string, value: Buffer): string | undefined {
    if (value.length < HEADER_BYTES + NONCE_BYTES + TAG_BYTES || value[0] !== FORMAT) return undefined;
    const header = value.subarray(0, HEADER_BYTES);
    const master = this.#all.find(({ id }) => id.equals(header.subarray(1)));
    if (master === undefined) return undefined;
    const nonce = value.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', keyFor(master, name), nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(authenticated(header, name));
    decipher.setAuthTag(value.subarray(-TAG_BYTES));
    try {
      return (
        decipher.update(value.subarray(HEADER_BYTES + NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') +
        decipher.final('utf8')
      );
    } catch {
      return undefined;
    }
  }
}

function masterKeyOf(secret: Secret): MasterKey {
  const material = secret.reveal();
  const derive = (purpose: string, bytes: number) => Buffer.from(hkdfSync('sha256', material, '', purpose, bytes));
  return { id: derive('nauthilus state v1 key id', KEY_ID_BYTES), key: derive('nauthilus state v1 values', 32) };
}

function keyFor({ key }: MasterKey, name: string): Buffer {
  return createHmac('sha256', key).update(name).digest();
}

function authenticated(header: Buffer, name: string): Buffer {
  return Buffer.concat([header, Buffer.from(name)]);
}
