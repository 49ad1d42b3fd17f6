import { createHmac } from 'node:crypto';
import type { Secret } from '../login/secret.ts';

const MARKER_HEX = 4;

/**
 * Tells passwords apart without keeping them: 16 bits of HMAC-SHA-256 with a secret of the installation. So many passwords share
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
    return createHmac('sha256', this.#key).update(password.reveal()).digest('hex').slice(0, MARKER_HEX);
  }
}
