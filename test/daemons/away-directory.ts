import { freePort } from './free-port.ts';

/** A directory that nobody answers for, as a backend of the configuration: what is asked of accounts in `away.test` is not known now. */
export async function awayDirectory(): Promise<object> {
  return {
    name: 'away',
    type: 'ldap',
    servers: [`ldap://127.0.0.1:${await freePort()}`],
    base_dn: 'dc=away,dc=test',
    domains: ['away.test'],
    account_attribute: 'mail',
    filters: { user: '(mail=%{user})' },
  };
}
