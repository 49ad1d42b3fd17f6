import { createHmac } from 'node:crypto';
import type { AccountName } from '../login/account-name.ts';
import type { Secret } from '../login/secret.ts';

const TAG_BYTES = 24;

/** Makes the tags under which proven passwords are remembered: HMAC-SHA-256 with a secret of the installation, salted by the login name. */
export class PasswordTags {
  readonly #key: Buffer;

  /** `secret` is of the installation; the same in all processes that share what they remember. */
  constructor(secret: Secret) {
    this.#key = createHmac('sha256', secret.reveal()).update('nauthilus password tag v1').digest();
  }

  /** The tag of a password as base64url. Two login names with the same password have different tags. */
  tagOf(loginName: AccountName, password: Secret): string {
    const hash = createHmac('sha256', this.#key).update(loginName).update('\0');
    for (const form of password.revealForms()) hash.update(lengthOf(form)).update(form);
    return hash.digest().toString('base64url', 0, TAG_BYTES);
  }
}

// Two lists of forms are never the same bytes.
function lengthOf(form: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(form.length);
  return length;
}
