import { Secret } from '../../../src/login/secret.ts';
import { hashPassword } from '../../../src/passwords/hash-password.ts';

/** An account to put into a tree of the schema of integrations/openldap. */
export interface TreeAccount {
  /** Value of `uid`, and so of the DN. */
  readonly uid: string;
  readonly name: string;
  /** In the clear; stored as {SSHA}. */
  readonly password: string;
  readonly aliases?: readonly string[];
  /** Further attributes by their names in LDAP. */
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
}

/** LDIF of an account below `ou=people`. Every value is written as base64, so that any text may be one. */
export async function accountLdif(account: TreeAccount, baseDn: string): Promise<string> {
  const { uid, name, password, aliases = [], attributes = {} } = account;
  const lines: [string, string][] = [
    ['dn', `uid=${uid.replace(/[^A-Za-z0-9]/g, escapeDn)},ou=people,${baseDn}`],
    ['objectClass', 'inetOrgPerson'],
    ['objectClass', 'nauthilusMailbox'],
    ['uid', uid],
    ['cn', 'Test'],
    ['sn', 'Test'],
    ['nauthilusAccount', name],
    ...aliases.map((alias): [string, string] => ['nauthilusMailAlias', alias]),
    ['userPassword', await hashPassword(Secret.fromText(password), 'SSHA')],
    ...Object.entries(attributes).flatMap(([key, values]) => values.map((value): [string, string] => [key, value])),
  ];
  return `${lines.map(([key, value]) => `${key}:: ${Buffer.from(value).toString('base64')}`).join('\n')}\n`;
}

function escapeDn(character: string): string {
  return [...Buffer.from(character)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}
