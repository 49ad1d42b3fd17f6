import { BerError } from '../ber/ber-error.ts';
import { BerReader } from '../ber/ber-reader.ts';
import { contextTag, TAG } from '../ber/ber-tags.ts';
import { encodeBoolean, encodeElement, encodeInteger, encodeText } from '../ber/ber-writer.ts';

const PAGED_RESULTS = '1.2.840.113556.1.4.319';
const PASSWORD_POLICY = '1.3.6.1.4.1.42.2.27.8.5.1';
const MAX_CONTROLS = 32;
const NO_COOKIE = Buffer.alloc(0);

/** Errors of draft-behera-ldap-password-policy-10, 6.2, in the order of their numbers. */
const POLICY_ERRORS = [
  'password-expired',
  'account-locked',
  'change-after-reset',
  'password-mod-not-allowed',
  'must-supply-old-password',
  'insufficient-password-quality',
  'password-too-short',
  'password-too-young',
  'password-in-history',
] as const;

export type PasswordPolicyError = (typeof POLICY_ERRORS)[number] | 'unknown';

/** What the server says of the password beside the result code. */
export interface PasswordPolicyState {
  readonly secondsBeforeExpiration?: number;
  readonly graceLoginsRemaining?: number;
  readonly error?: PasswordPolicyError;
}

/** The controls of an answer that this client knows; others are passed over. */
export interface ResponseControls {
  readonly passwordPolicy?: PasswordPolicyState;
  /** Cookie of the next page, empty on the last one, and the server's estimate of the whole, 0 where it has none. */
  readonly page?: { readonly estimate: number; readonly cookie: Buffer };
}

export const NO_CONTROLS: ResponseControls = {};

/** Asks for password policy state with a bind. */
export const PASSWORD_POLICY_CONTROL: Buffer = encodeElement(TAG.sequence, encodeText(PASSWORD_POLICY));

/** Asks for one page (RFC 2696), and to be refused rather than given everything where the server cannot page. */
export function encodePageControl(pageSize: number, cookie: Buffer = NO_COOKIE): Buffer {
  const value = encodeElement(TAG.sequence, encodeInteger(pageSize), encodeText(cookie));
  return encodeElement(TAG.sequence, encodeText(PAGED_RESULTS), encodeBoolean(true), encodeText(value));
}

/** Reads the controls that follow an operation, where there are any. @throws {BerError} */
export function readControls(reader: BerReader): ResponseControls {
  if (reader.peekTag() !== TAG.controls) return NO_CONTROLS;
  const outer = reader.enter(TAG.controls);
  let known: ResponseControls = NO_CONTROLS;
  for (let count = 0; !reader.isAtEnd; count++) {
    if (count === MAX_CONTROLS) throw new BerError('too-many', reader.position);
    known = { ...known, ...readControl(reader) };
  }
  reader.leave(outer);
  return known;
}

function readControl(reader: BerReader): ResponseControls {
  const outer = reader.enter(TAG.sequence);
  const oid = reader.readText();
  if (reader.peekTag() === TAG.boolean) reader.skip();
  const value = reader.peekTag() === TAG.octetString ? reader.readBytes() : undefined;
  reader.leave(outer);
  if (value === undefined) return NO_CONTROLS;
  if (oid === PAGED_RESULTS) return { page: readPage(new BerReader(value)) };
  if (oid === PASSWORD_POLICY) return { passwordPolicy: readPasswordPolicy(new BerReader(value)) };
  return NO_CONTROLS;
}

function readPage(reader: BerReader): { readonly estimate: number; readonly cookie: Buffer } {
  reader.enter(TAG.sequence);
  const estimate = reader.readInteger();
  return { estimate, cookie: Buffer.from(reader.readBytes()) };
}

function readPasswordPolicy(reader: BerReader): PasswordPolicyState {
  const outer = reader.enter(TAG.sequence);
  let state: PasswordPolicyState = {};
  if (reader.peekTag() === contextTag(0, true)) {
    const sequence = reader.enter(contextTag(0, true));
    state =
      reader.peekTag() === contextTag(0)
        ? { secondsBeforeExpiration: reader.readInteger(contextTag(0)) }
        : { graceLoginsRemaining: reader.readInteger(contextTag(1)) };
    reader.leave(sequence);
  }
  if (reader.peekTag() === contextTag(1)) {
    state = { ...state, error: POLICY_ERRORS[reader.readInteger(contextTag(1))] ?? 'unknown' };
  }
  reader.leave(outer);
  return state;
}
