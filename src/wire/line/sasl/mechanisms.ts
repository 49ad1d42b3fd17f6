/**
 * The SASL mechanisms that are spoken. Each is a row of the table: how it is announced, and how an exchange of it begins. What
 * an exchange gives in the end is a password with whose it is said to be; whether that is so is decided elsewhere.
 *
 * @module
 */
import { Secret } from '../../../login/secret.ts';
import { textOfBytes } from '../byte-text.ts';

/** Who wants in, by which password, and as whom, where that is somebody else. */
export interface Credentials {
  readonly kind: 'credentials';
  readonly authenticationId: string;
  /** Not empty. */
  readonly authorizationId?: string | undefined;
  readonly password: Secret;
}

export type ExchangeStep =
  | { readonly kind: 'challenge'; readonly bytes: string; readonly exchange: Exchange }
  | Credentials
  /** No message of the mechanism. */
  | { readonly kind: 'malformed' };

/** Takes the client's next message, one character for each byte, and says how it goes on. */
export type Exchange = (message: string) => ExchangeStep;

export interface Mechanism {
  /** What is announced of it, in the words of the protocol. */
  readonly traits: readonly string[];
  /** @param initial the client's first message where it came with the request */
  begin(initial: string | undefined): ExchangeStep;
}

const MAX_BYTES = 8192;
const MALFORMED: ExchangeStep = { kind: 'malformed' };

/** RFC 4616: `authzid NUL authcid NUL passwd`. */
function readPlain(message: string): ExchangeStep {
  const first = message.indexOf('\0');
  const second = message.indexOf('\0', first + 1);
  if (first < 0 || second < 0 || message.includes('\0', second + 1)) return MALFORMED;
  const authorizationId = message.slice(0, first);
  return readCredentials(message.slice(first + 1, second), message.slice(second + 1), authorizationId);
}

/** draft-murchison-sasl-login: name and password in turn. Clients look at no more than that something is asked. */
function askLoginPassword(name: string): ExchangeStep {
  if (name === '' || name.length > MAX_BYTES || name.includes('\0')) return MALFORMED;
  const exchange = (password: string) => (password.includes('\0') ? MALFORMED : readCredentials(name, password));
  return { kind: 'challenge', bytes: 'Password:', exchange };
}

function readCredentials(name: string, password: string, authorizationId = ''): ExchangeStep {
  if (name === '' || Math.max(name.length, password.length, authorizationId.length) > MAX_BYTES) return MALFORMED;
  return {
    kind: 'credentials',
    authenticationId: textOfBytes(name),
    authorizationId: authorizationId === '' ? undefined : textOfBytes(authorizationId),
    password: Secret.fromLatin1(password),
  };
}

export const MECHANISMS: ReadonlyMap<string, Mechanism> = new Map<string, Mechanism>([
  [
    'PLAIN',
    {
      traits: ['plaintext'],
      begin: (initial) =>
        initial === undefined ? { kind: 'challenge', bytes: '', exchange: readPlain } : readPlain(initial),
    },
  ],
  [
    'LOGIN',
    {
      traits: ['plaintext'],
      begin: (initial) =>
        initial === undefined
          ? { kind: 'challenge', bytes: 'Username:', exchange: askLoginPassword }
          : askLoginPassword(initial),
    },
  ],
]);
