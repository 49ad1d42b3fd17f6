import { createHmac, hash } from 'node:crypto';
import type { Secret } from '../login/secret.ts';

const MARKER_HEX = 4;
/** What markers of passwords that nobody here has seen begin with. */
const TOLD = '~';

/**
 * Tells passwords apart without keeping them: 16 bits of SHA-256 over a key of the installation and the password. So many passwords share
 * a marker that a stolen one with its key still leaves 1 in 65,536 to guess from.
 */
export class PasswordMarkers {
  readonly #key: Buffer;

  /** `secret` is of the installation; the same in all processes that share what they count. */
  constructor(secret: Secret) {
    this.#key = createHmac('sha256', secret.reveal()).update('nauthilus password marker v1').digest();
  }

  /** The marker of a password as 4 hex digits: the same one for every account. */
  markerOf(password: Secret): string {
    // So little of the hash is kept that it cannot be gone on from: the key before the text is enough, and takes a third of the time.
    return hash('sha256', Buffer.concat([this.#key, password.reveal()])).slice(0, MARKER_HEX);
  }

  /** The marker of a password of which a mail server tells a hash that is of one login name: it tells nothing at other accounts. */
  markerOfTold(passwordHash: string): string {
    return TOLD + hash('sha256', Buffer.concat([this.#key, Buffer.from(TOLD + passwordHash)])).slice(0, MARKER_HEX);
  }
}

/** Whether a marker is the same one for every account. */
export function isOfAllAccounts(marker: string): boolean {
  return !marker.startsWith(TOLD);
}
