import type { Attempt } from '../../src/login/attempt.ts';
import { DEFAULT_PROTOCOL } from '../../src/login/protocol.ts';
import { Secret } from '../../src/login/secret.ts';

let session = 0;

/** An IMAP login of alice@example.test with the password `alice-pw`, each with a session of its own, changed as asked for. */
export function anAttempt(changes: Partial<Attempt> = {}): Attempt {
  session += 1;
  return {
    session: `session-${session}`,
    mode: 'authenticate',
    caller: 'a-mail-server',
    loginName: 'alice@example.test',
    password: Secret.fromText('alice-pw'),
    protocol: DEFAULT_PROTOCOL,
    mechanism: 'plain',
    ...changes,
  };
}

/** A look-up of an account, as userdb asks for it: without a password. */
export function aLookUp(loginName: string, changes: Partial<Attempt> = {}): Attempt {
  return anAttempt({ mode: 'look-up', loginName, password: undefined, mechanism: '', ...changes });
}
