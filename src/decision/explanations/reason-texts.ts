import type { DeferCause, RefusalReason } from '../../login/verdict.ts';

/** A reason in words: what it means, and what would have to differ. */
export interface ReasonText {
  readonly why: string;
  readonly differ: readonly string[];
}

const OTHER_NAME =
  'another name: at most 1,024 bytes without control characters, space, invisible characters and ( ) { } % " \\';
const BACKEND_BACK = 'the backend answers in time: see the field "detail" of the log line, and GET /healthz/ready';

const REFUSALS: Readonly<Record<RefusalReason, ReasonText>> = {
  'wrong-password': { why: 'the backend found the password wrong', differ: ['the right password'] },
  'unknown-user': {
    why: 'no backend knows an account of this name',
    differ: ['a backend knows the name: nauthilus user list, or a search in the directory'],
  },
  'account-disabled': { why: 'the account is disabled', differ: ['the account is enabled in its backend'] },
  'account-locked': {
    why: 'the server of the backend has locked the account, and says so without a look at the password',
    differ: ['the account is unlocked on that server'],
  },
  'password-expired': { why: 'the password was right and has expired', differ: ['a new password'] },
  'password-must-change': {
    why: 'the password was right and has to be changed before anything else',
    differ: ['a new password'],
  },
  'invalid-name': { why: 'no account can have this name', differ: [OTHER_NAME] },
  'empty-password': { why: 'the password was empty', differ: ['a password'] },
  'unusable-password': {
    why: 'the password holds a NUL byte or is longer than 1,024 bytes',
    differ: ['a password that can be one'],
  },
  blocked: { why: 'a rule of the protection held; the password was not looked at', differ: [] },
  'tls-required': {
    why: "the client's connection is not encrypted",
    differ: [
      'the client uses TLS, and the caller says so (ssl)',
      'the network of the client in protection.tls.exempt_networks',
    ],
  },
  'foreign-domain': {
    why: 'the name is of a domain that is not served',
    differ: ['the domain in protection.relay_domains.domains'],
  },
};

const DEFERS: Readonly<Record<DeferCause, ReasonText>> = {
  'backend-unavailable': { why: 'a backend could not answer', differ: [BACKEND_BACK] },
  'backend-overloaded': { why: 'a queue of a backend was full', differ: ['fewer logins at a time, or a longer queue'] },
  'deadline-exceeded': { why: 'it took longer than decision.deadline', differ: [BACKEND_BACK] },
  'network-crowded': {
    why: 'so many logins out of one network were under way that it could not be told whether they are guesses',
    differ: ['the same a moment later'],
  },
  'lists-unavailable': {
    why: 'lists of addresses in the DNS did not answer, and protection.rbl.on_failure says defer',
    differ: ['the lists answer in time, or protection.rbl.on_failure: let-in'],
  },
  'undeliverable-fields': {
    why: 'the fields for Dovecot cannot be made, or are too large',
    differ: ['other attributes of the account, or another dovecot.fields_limit'],
  },
  'internal-error': { why: 'a bug; the log line says where', differ: ['a version without it: please report the line'] },
};

const TEXTS: ReadonlyMap<string, ReasonText> = new Map(Object.entries({ ...REFUSALS, ...DEFERS }));

/** A reason of the log in words; `undefined` for one that this version does not know. */
export function reasonText(reason: string): ReasonText | undefined {
  return TEXTS.get(reason);
}

const STEPS: ReadonlyMap<string, string> = new Map([
  ['reject-invalid-name', 'the name can be that of an account'],
  ['reject-unusable-password', 'the password can be one'],
  ['check-denied-networks', 'the address is not in a denied network'],
  ['check-tls', 'the connection is encrypted, or need not be'],
  ['check-places', 'logins may come from where the address is'],
  ['check-address-lists', 'no list of addresses has it, or none was asked'],
  ['check-relay-domain', 'the domain of the name is served'],
  ['recall-verified-login', 'remembered logins were looked at'],
  ['check-guesses', 'no rule against guessing holds'],
  ['verify-with-backends', 'the backends were asked about the password'],
  ['look-up-in-backends', 'the backends were asked about the account'],
  ['apply-account-state', 'the account is enabled'],
  ['record-outcome', 'what was counted was settled'],
  ['take-report', 'what the mail server has reported was counted'],
]);

/** What it means that a step let an attempt on. */
export function passedText(step: string): string {
  return STEPS.get(step) ?? 'let it on';
}
