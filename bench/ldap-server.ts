import path from 'node:path';
import { directoryBackend, directorySecret } from '../test/daemons/directory-backend.ts';
import { generatedAccount } from '../test/daemons/generated-accounts.ts';
import { type Slapd, startSlapd } from '../test/daemons/slapd.ts';
import type { BenchServer, ServiceParts, StartOptions } from './servers.ts';

/** Accounts `user0@example.test` … of the directory, with {SSHA} hashes. */
export const LDAP_ACCOUNTS = 100_000;
export const LDAP_BASE_DN = 'dc=example,dc=test';
export const LDAP_ATTRIBUTES = ['mail', 'nauthilusQuota', 'nauthilusMailPath'] as const;

/** The service before a slapd of its own. */
export interface LdapBenchServer extends BenchServer {
  readonly slapd: Slapd;
}

const slapds = new Map<string, Promise<Slapd>>();

/** One slapd for all servers of a run: filling it takes longer than measuring. */
function sharedSlapd(): Promise<Slapd> {
  const known = slapds.get('slapd') ?? startSlapd({ accounts: LDAP_ACCOUNTS, access: 'compare' });
  slapds.set('slapd', known);
  return known;
}

/** Ends the slapd, where one was started. */
export async function stopSlapd(): Promise<void> {
  const slapd = await slapds.get('slapd');
  slapds.clear();
  await slapd?.[Symbol.asyncDispose]();
}

/** @param start starts the service with these parts */
export async function startBeforeSlapd(
  check: 'bind' | 'compare',
  options: StartOptions,
  start: (options: StartOptions, parts: ServiceParts) => Promise<BenchServer>,
): Promise<LdapBenchServer> {
  const slapd = await sharedSlapd();
  const settings = {
    password_check: check,
    attributes: LDAP_ATTRIBUTES,
    // What is measured is searches.
    look_up_cache: { ttl: '0s' },
    list: { base_dn: `ou=people,${LDAP_BASE_DN}` },
  };
  const server = await start(
    { ...options, folder: path.resolve(options.folder) },
    {
      backends: [directoryBackend([slapd], settings)],
      files: directorySecret(slapd),
      verifiedLogins: { lifetime: '0s' },
    },
  );
  return { ...server, slapd, peerPid: slapd.pid as number };
}

/** `count` of the accounts, evenly out of all. */
export function someLdapAccounts(count: number): readonly { name: string; password: string; dn: string }[] {
  return Array.from({ length: count }, (_, i) =>
    generatedAccount(Math.floor((i * LDAP_ACCOUNTS) / count), LDAP_BASE_DN),
  );
}
