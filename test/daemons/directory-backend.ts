import type { Slapd } from './slapd.ts';

/** Name and content of the file with the password of the service account, for `files` of `startNauthilus`. */
export function directorySecret({ servicePassword }: Slapd): Readonly<Record<string, string>> {
  return { 'ldap.secret': servicePassword };
}

/** A backend on slapds that hold the schema of integrations/openldap, as the configuration has it. */
export function directoryBackend(slapds: readonly [Slapd, ...Slapd[]], settings: object = {}): object {
  const [{ serviceDn, baseDn }] = slapds;
  return {
    type: 'ldap',
    name: 'directory',
    servers: slapds.map(({ url }) => url),
    bind: { dn: serviceDn, password: { file: 'ldap.secret' } },
    base_dn: `ou=people,${baseDn}`,
    filters: {
      user: '(&(objectClass=nauthilusMailbox)(|(nauthilusAccount=%{user})(nauthilusMailAlias=%{user})))',
      list: '(objectClass=nauthilusMailbox)',
    },
    account_attribute: 'nauthilusAccount',
    disabled: { attribute: 'nauthilusEnabled', values: [false] },
    ...settings,
  };
}
