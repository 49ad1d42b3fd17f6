import { createHmac, hash } from 'node:crypto';
import type { AccountName } from '../login/account-name.ts';
import type { Secret } from '../login/secret.ts';

const TAG_CHARACTERS = 32;
/** What SHA-256 works on at a time, in bytes. */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const LENGTH_BYTES = 4;

/**
 * Makes the tags under which proven passwords are remembered: 24 bytes of HMAC-SHA-256 with a secret of the installation, salted by the
 * login name.
 */
export class PasswordTags {
  // Made of two hashes as RFC 2104 has it: setting an HMAC up anew for each login takes ten times as long.
  readonly #inner = Buffer.alloc(BLOCK_BYTES, 0x36);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);

  /** `secret` is of the installation; the same in all processes that share what they remember. */
  constructor(secret: Secret) {
    const key = createHmac('sha256', secret.reveal()).update('nauthilus password tag v1').digest();
    for (const [i, byte] of key.entries()) {
      this.#inner[i] = (this.#inner[i] as number) ^ byte;
      this.#outer[i] = (this.#outer[i] as number) ^ byte;
    }
  }

  /** The tag of a password as base64url. Two login names with the same password have different tags. */
  tagOf(loginName: AccountName, password: Secret): string {
    const forms = password.revealForms();
    const nameBytes = Buffer.byteLength(loginName);
    let length = BLOCK_BYTES + nameBytes + 1;
    for (const form of forms) length += LENGTH_BYTES + form.length;
    const message = Buffer.allocUnsafe(length);
    this.#inner.copy(message);
    message.write(loginName, BLOCK_BYTES);
    let end = BLOCK_BYTES + nameBytes;
    end = message.writeUInt8(0, end);
    // With their lengths, so that two lists of forms are never the same bytes.
    for (const form of forms) {
      end = message.writeUInt32BE(form.length, end);
      end += form.copy(message, end);
    }
    this.#outer.write(hash('sha256', message, 'binary'), BLOCK_BYTES, 'latin1');
    message.fill(0);
    return hash('sha256', this.#outer, 'base64url').slice(0, TAG_CHARACTERS);
  }
}
