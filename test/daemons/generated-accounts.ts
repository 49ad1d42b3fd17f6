import { createHash } from 'node:crypto';

/** Name, password and DN of the account with that number in a generated tree. */
export function generatedAccount(index: number, baseDn: string): { name: string; password: string; dn: string } {
  return { name: `user${index}@example.test`, password: `pw-${index}`, dn: `uid=user${index},ou=people,${baseDn}` };
}

/** LDIF of accounts 0 to `count` - 1, piece by piece; hashes are {SSHA} with a salt made of the number. */
export function* renderAccounts(count: number, baseDn: string): Generator<string> {
  const pieces: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { name, password, dn } = generatedAccount(index, baseDn);
    pieces.push(
      `dn: ${dn}\nobjectClass: inetOrgPerson\nobjectClass: nauthilusMailbox\nuid: user${index}\ncn: User ${index}\n` +
        `sn: ${index}\nmail: ${name}\nnauthilusAccount: ${name}\nnauthilusMailAlias: alias${index}@example.test\n` +
        `nauthilusQuota: ${1_048_576 + index}\nuserPassword: ${saltedSha1(password, index)}\n\n`,
    );
    if (pieces.length === 500) yield pieces.splice(0).join('');
  }
  yield pieces.join('');
}

function saltedSha1(password: string, salt: number): string {
  const saltBytes = Buffer.alloc(8);
  saltBytes.writeUInt32BE(salt);
  const digest = createHash('sha1').update(password).update(saltBytes).digest();
  return `{SSHA}${Buffer.concat([digest, saltBytes]).toString('base64')}`;
}
