/** The accounts of the recorded answers: user1 to user14, with passwords password-1 to password-14. */
export const MOST = 14;

export const account = (n: number) => `user${n}@example.test`;
export const password = (n: number) => `password-${n}`;

/** The entries of a directory that has them. */
export function entries(): string {
  return Array.from({ length: MOST }, (_, i) => {
    const uid = `user${i + 1}`;
    return [
      `dn: uid=${uid},ou=people,dc=example,dc=test`,
      'objectClass: inetOrgPerson',
      `uid: ${uid}`,
      `cn: ${uid}`,
      `sn: ${uid}`,
      `mail: ${account(i + 1)}`,
      `userPassword: ${password(i + 1)}`,
    ].join('\n');
  }).join('\n\n');
}
