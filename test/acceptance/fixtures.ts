/** Accounts that a service under test must have, as the acceptance scenarios describe them. */
export interface Fixtures {
  readonly basic_auth: { readonly user: string; readonly password: string };
  readonly accounts: readonly {
    readonly account: string;
    readonly aliases?: readonly string[];
    readonly password: string;
    readonly enabled: boolean;
    readonly attributes: Readonly<Record<string, readonly string[]>>;
  }[];
}

const LDAP_NAMES: Readonly<Record<string, string>> = {
  rnsMSQuota: 'nauthilusQuota',
  rnsMSOverQuota: 'nauthilusOverQuota',
  rnsMSMailPath: 'nauthilusMailPath',
  'ACL-Groups': 'nauthilusAclGroups',
  'Proxy-Host': 'nauthilusProxyHost',
  rnsMSDovecotMaster: 'nauthilusDovecotMaster',
};

/** How the schema of integrations/openldap is delivered under the names of the fixtures. */
export const LDAP_ATTRIBUTES = Object.entries(LDAP_NAMES).map(([as, from]) => ({
  from,
  as,
  // An LDAP Boolean cannot be empty, as the master flag of who is none is meant to be.
  ...(as === 'rnsMSDovecotMaster' ? { replace: { FALSE: '' } } : {}),
}));

/** The accounts as LDIF of the schema of integrations/openldap. @throws {Error} for attributes that have no name there */
export function renderFixturesLdif({ accounts }: Fixtures, baseDn: string): string {
  return accounts
    .map(({ account, aliases = [], password, enabled, attributes }, i) => {
      const values = Object.entries(attributes).flatMap(([name, all]) => all.map((value) => ldapValue(name, value)));
      const lines = [
        ['dn', `uid=fixture${i},ou=people,${baseDn}`],
        ['objectClass', 'inetOrgPerson'],
        ['objectClass', 'nauthilusMailbox'],
        ['uid', `fixture${i}`],
        ['cn', account],
        ['sn', account],
        ['nauthilusAccount', account],
        ...aliases.map((alias) => ['nauthilusMailAlias', alias]),
        ...(enabled ? [] : [['nauthilusEnabled', 'FALSE']]),
        ['userPassword', password],
        ...values,
      ];
      return `${lines.map(([name, value = '']) => `${name}:: ${Buffer.from(value).toString('base64')}`).join('\n')}\n`;
    })
    .join('\n');
}

function ldapValue(name: string, value: string): [string, string] {
  const ldapName = LDAP_NAMES[name];
  if (ldapName === undefined) throw new Error(`${name} has no name in the LDAP schema`);
  return [ldapName, name === 'rnsMSDovecotMaster' && value === '' ? 'FALSE' : value];
}

/** The accounts in the form of passwd-file. @throws {Error} for values that this form cannot hold */
export function renderFixtures({ accounts }: Fixtures): string {
  return accounts
    .map(({ account, aliases = [], password, enabled, attributes }) => {
      const fields = Object.entries(attributes).flatMap(([name, values]) => values.map((value) => `${name}=${value}`));
      fields.push(...aliases.map((alias) => `alias=${alias}`), ...(enabled ? [] : ['disabled=yes']));
      const unfit =
        [account, password, ...fields].find((text) => /[\r\n]/.test(text)) ?? fields.find((text) => / /.test(text));
      if (unfit !== undefined || /:/.test(account + password))
        throw new Error(`${account}: a passwd-file cannot hold it`);
      return `${account}:{PLAIN}${password}::::::${fields.join(' ')}\n`;
    })
    .join('');
}
