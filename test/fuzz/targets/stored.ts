import assert from 'node:assert/strict';
import { parsePasswdLine } from '../../../src/backends/file/passwd-line.ts';
import { BerError } from '../../../src/backends/ldap/client/ber/ber-error.ts';
import { MessageSplitter } from '../../../src/backends/ldap/client/message/message-splitter.ts';
import { type LdapResponse, readResponse } from '../../../src/backends/ldap/client/message/response.ts';
import { parseAccountName } from '../../../src/login/account-name.ts';
import { parseStoredPassword } from '../../../src/passwords/stored-password.ts';
import type { FuzzTarget, OpenTarget } from '../fuzz-target.ts';

const MAX_MESSAGE_BYTES = 1 << 16;
/** Nobody's: no input holds it, nor a hash of it. */
const NEVER = Buffer.from('never this one 8f1c2a');

/** Replies are read to their end, whole and cut in two alike; what is none is told by one kind of error. */
class OpenLdap implements OpenTarget {
  #count = 0;
  taken = 0;

  check(input: string): void {
    this.#count += 1;
    const bytes = Buffer.from(input, 'latin1');
    const whole = readAll([bytes]);
    const at = this.#count % (bytes.length + 1);
    assert.deepEqual(readAll([bytes.subarray(0, at), bytes.subarray(at)]), whole, `cut at ${at}`);
    if (whole.some((one) => one !== 'BerError')) this.taken += 1;
  }
}

function readAll(chunks: readonly Buffer[]): string[] {
  const splitter = new MessageSplitter(MAX_MESSAGE_BYTES);
  const read: string[] = [];
  try {
    for (const chunk of chunks) {
      splitter.push(chunk, (message, start, end) => {
        read.push(JSON.stringify(shown(readResponse(message, start, end))));
        return true;
      });
    }
  } catch (cause) {
    if (!(cause instanceof BerError)) throw cause;
    read.push('BerError');
  }
  return read;
}

function shown(response: LdapResponse): unknown {
  if (response.kind !== 'entry') return response;
  const { entry } = response;
  return { dn: entry.dn, attributes: entry.attributes(), mail: entry.values('mail').length, uid: entry.text('uid') };
}

const ldap: FuzzTarget = {
  name: 'ldap',
  words: [
    '\x30',
    '\x02\x01\x01',
    '\x64',
    '\x61\x07',
    '\x65',
    '\x73',
    '\x78',
    '\x04\x00',
    '\x0a\x01\x00',
    '\x84\xff\xff\xff\xff',
    '\x80',
    '\xa0',
    '\x31',
    '\x04\x04mail',
  ],
  open: () => new OpenLdap(),
};

class OpenPasswd implements OpenTarget {
  taken = 0;

  check(input: string): void {
    const parsed = parsePasswdLine(input, { defaultScheme: 'CRYPT', lowerCase: false });
    if (parsed.kind !== 'entry') return;
    this.taken += 1;
    for (const name of [parsed.name, ...parsed.aliases]) assert.equal(parseAccountName(name), name);
    if (parsed.hash?.cost === 'cheap') assert.equal(parsed.hash.check(NEVER), false);
  }
}

const passwd: FuzzTarget = {
  name: 'passwd',
  words: [':', '::::::', '{PLAIN}', '{SSHA}', '{CRYPT}', '!', '*', 'alias=', 'disabled', 'userdb_', '=', ' ', '#'],
  open: () => new OpenPasswd(),
};

class OpenHashes implements OpenTarget {
  taken = 0;

  check(input: string): void {
    const hash = parseStoredPassword(input, 'CRYPT');
    if (hash.kind === 'problem') {
      assert.ok(input.length < 12 || !hash.message.includes(input), 'a problem holds the hash');
      return;
    }
    this.taken += 1;
    if (hash.cost === 'cheap') assert.equal(hash.check(NEVER), false);
  }
}

const hashes: FuzzTarget = {
  name: 'hash',
  words: [
    '{',
    '}',
    '.b64',
    '.hex',
    '{PLAIN}',
    '{SSHA512}',
    '{PBKDF2}',
    '{ARGON2ID}',
    '$',
    '$1$',
    '$2y$10$',
    '$6$rounds=',
    '$argon2id$v=19$',
    'm=65536,t=3,p=1',
    '==',
    '/',
    ',',
  ],
  open: () => new OpenHashes(),
};

/** What stands in directories and files. */
export const STORED_TARGETS: readonly FuzzTarget[] = [ldap, passwd, hashes];
