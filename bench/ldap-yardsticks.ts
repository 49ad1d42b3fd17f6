/**
 * What the directory does when the service does not stand between: slapd for a client that does next to nothing, and
 * `ldapsearch` for a list.
 *
 * @module
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Slapd } from '../test/daemons/slapd.ts';
import type { DirectOrder, DirectReport } from './ldap-direct.ts';
import { LDAP_ATTRIBUTES, LDAP_BASE_DN, someLdapAccounts } from './ldap-server.ts';
import type { Measure } from './measure.ts';
import { cpuMsOf, rssMbOf } from './process-accounting.ts';
import { pinned } from './servers.ts';

export type LdapYardstick = 'slapd-direct-search' | 'slapd-direct-bind' | 'ldapsearch-list-100000';

const DISTINCT = 1000;
/** As many connections as the service has by default. */
const CONNECTIONS = { searchConnections: 4, bindConnections: 16, inFlight: 64 } as const;

/** Measures it once. Latencies are those of whole lists only; CPU time is slapd's. */
export function measureYardstick(name: LdapYardstick, slapd: Slapd, seconds: number): Promise<Measure> {
  switch (name) {
    case 'slapd-direct-search':
      return direct(slapd, seconds, false);
    case 'slapd-direct-bind':
      return direct(slapd, seconds, true);
    case 'ldapsearch-list-100000':
      return ldapsearch(slapd);
  }
}

async function direct(slapd: Slapd, seconds: number, hasBinds: boolean): Promise<Measure> {
  const [program, args] = pinned(1, process.execPath, [path.join(import.meta.dirname, 'ldap-direct.ts')]);
  const child = fork(args.at(-1) as string, { execPath: program, execArgv: args.slice(0, -1) });
  const accounts = someLdapAccounts(DISTINCT);
  const order: DirectOrder = {
    ...CONNECTIONS,
    port: slapd.port,
    pid: slapd.pid as number,
    service: { dn: slapd.serviceDn, password: slapd.servicePassword },
    baseDn: `ou=people,${LDAP_BASE_DN}`,
    filter: '(&(objectClass=nauthilusMailbox)(|(nauthilusAccount=%{user})(nauthilusMailAlias=%{user})))',
    attributes: ['nauthilusAccount', 'nauthilusEnabled', ...LDAP_ATTRIBUTES],
    names: accounts.map(({ name }) => name),
    binds: hasBinds ? accounts : undefined,
    seconds,
  };
  child.send(order);
  const [report] = (await once(child, 'message')) as [DirectReport];
  const cpuMs = report.slapdCpuMs / report.done;
  const rssMb = rssMbOf(order.pid);
  return { rps: report.done / report.seconds, p50: 0, p99: 0, cpuMs: 0, peerCpuMs: cpuMs, rssMb, rssGrowthMb: 0 };
}

async function ldapsearch(slapd: Slapd): Promise<Measure> {
  const pid = slapd.pid as number;
  const cpuBefore = cpuMsOf(pid);
  const start = performance.now();
  const as = ['-x', '-H', slapd.url, '-D', slapd.serviceDn, '-w', slapd.servicePassword];
  const what = ['-b', `ou=people,${LDAP_BASE_DN}`, '(objectClass=nauthilusMailbox)', 'nauthilusAccount'];
  const [command, args] = pinned(1, 'ldapsearch', [...as, '-LLL', '-E', 'pr=1000/noprompt', ...what]);
  const child = spawn(command, args, { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`ldapsearch ended with ${code}`);
  const ms = performance.now() - start;
  const peerCpuMs = cpuMsOf(pid) - cpuBefore;
  return { rps: 1000 / ms, p50: ms, p99: ms, cpuMs: 0, peerCpuMs, rssMb: rssMbOf(pid), rssGrowthMb: 0 };
}
