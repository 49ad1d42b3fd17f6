import { isUtf8 } from 'node:buffer';
import { inspect } from 'node:util';

// An escape within Latin-1 text can still name any character.
const BEYOND_LATIN1 = /[^\u0000-\u00ff]/;
const REDACTED = '[redacted]';

/**
 * A password or key that cannot be printed by accident: its string, JSON and inspected forms are all `[redacted]`.
 *
 * It holds the byte forms under which the secret may have been stored, most likely one first: a password that arrived as
 * bytes which are no UTF-8, or as text that is not in Unicode normalisation form C, has more than one (RFC 8265 4.2.2).
 */
export class Secret {
  readonly #forms: readonly Buffer[];

  private constructor(forms: readonly Buffer[]) {
    this.#forms = forms;
  }

  /** The secret as text; text that is not ASCII is also tried in normalisation form C. */
  static fromText(text: string): Secret {
    const sent = Buffer.from(text, 'utf8');
    if (sent.length === text.length) return new Secret([sent]);
    const composed = text.normalize('NFC');
    return new Secret(composed === text ? [sent] : [sent, Buffer.from(composed, 'utf8')]);
  }

  /** The secret as text that was read from bytes as Latin-1: also tried as those bytes, first where they are UTF-8. */
  static fromLatin1(text: string): Secret {
    if (BEYOND_LATIN1.test(text)) return Secret.fromText(text);
    const raw = Buffer.from(text, 'latin1');
    const utf8 = Buffer.from(text, 'utf8');
    if (utf8.length === raw.length) return new Secret([utf8]);
    return new Secret(isUtf8(raw) ? [raw, utf8] : [utf8, raw]);
  }

  /** The byte forms to try, at least one, most likely first. For verifiers only: never to be stored or shown. */
  revealForms(): readonly Buffer[] {
    return this.#forms;
  }

  /** The secret as UTF-8 bytes. For verifiers only: never to be stored or shown. */
  reveal(): Buffer {
    return this.#forms[0] as Buffer;
  }

  /** Length of the longest form in bytes. */
  get byteLength(): number {
    return Math.max(...this.#forms.map((form) => form.length));
  }

  get isEmpty(): boolean {
    return this.reveal().length === 0;
  }

  /** True where the secret holds a NUL byte, which crypt(3) and C programs would cut the secret at. */
  get hasNul(): boolean {
    return this.reveal().includes(0);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
