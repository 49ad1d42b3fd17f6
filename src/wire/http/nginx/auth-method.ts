/** A way of nginx's clients to prove themselves that this service cannot decide. */
export interface RefusedMethod {
  /** For the client. */
  readonly text: string;
  /** For the operator. */
  readonly error: string;
  /** What SMTP answers, with its enhanced status. */
  readonly smtpCode: string;
}

/** nginx tells `AUTH LOGIN` as `plain` too; without the header there is a password as well. */
const WITH_PASSWORD: ReadonlySet<string> = new Set(['', 'plain', 'login']);

const UNSUPPORTED = 'Authentication mechanism is not supported';
/** RFC 4954 4: the mechanism is not supported. */
const NO_MECHANISM = '504 5.5.4';
/** RFC 4954 6: authentication is required. */
const NO_LOGIN = '530 5.7.0';

const ERRORS: Readonly<Record<string, string>> = {
  apop: 'needs the password itself, and there are hashes; take it out of pop3_auth',
  'cram-md5': 'needs the password itself, and there are hashes; take it out of imap_auth, pop3_auth and smtp_auth',
  external: 'proves nobody by a password; take it out of imap_auth, pop3_auth and smtp_auth',
};

/** Why a method of nginx is refused; `undefined` where a password comes with it. */
export function refusedMethodOf(method: string): RefusedMethod | undefined {
  if (WITH_PASSWORD.has(method)) return undefined;
  if (method === 'none') {
    const error = 'Auth-Method: none lets mail in without a login; take it out of smtp_auth';
    return { text: 'Authentication required', error, smtpCode: NO_LOGIN };
  }
  const error = ERRORS[method] ?? 'is not known; take it out of imap_auth, pop3_auth and smtp_auth';
  return { text: UNSUPPORTED, error: `Auth-Method: ${method.slice(0, 32)} ${error}`, smtpCode: NO_MECHANISM };
}
