import { LdapTlsError, readTls } from '../../backends/ldap/servers/tls-files.ts';
import type { LdapBackendConfig } from '../../backends/ldap/ldap-config.ts';
import type { Config } from '../../config/config.ts';
import { LdapTrial } from './ldap-trial.ts';
import { tryMailHosts } from './mail-host-trial.ts';
import { tryRedis } from './redis-trial.ts';

/** One thing that was tried on one server. */
export interface TrialStep {
  /** The name of the backend, `state.redis`, or `mail hosts` with the name of a pool. */
  readonly backend: string;
  readonly server: string;
  /** `connect`, `bind`, `base`, `schema`, `search`, `list`, `account` or `login`; `connect`, `write`, `script` or `announce`; `probe`. */
  readonly step: string;
  readonly result: 'ok' | 'warning' | 'failed';
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
  readonly ms: number;
}

/** Tries the servers of all backends that have some, those of the state, and mail hosts, as the service would use them. */
export async function* tryOnline(config: Config): AsyncGenerator<TrialStep> {
  for (const backend of config.backends) if (backend.type === 'ldap') yield* tryDirectory(backend);
  if (config.state.redis !== undefined) yield* tryRedis(config.state.redis);
  yield* tryMailHosts(config.mailHosts);
}

async function* tryDirectory(backend: LdapBackendConfig): AsyncGenerator<TrialStep> {
  let tls: Awaited<ReturnType<typeof readTls>>;
  try {
    tls = await readTls(backend.tls);
  } catch (cause) {
    // The files were tried already, and their problems told.
    if (cause instanceof LdapTlsError) return;
    throw cause;
  }
  for (const server of backend.servers) {
    let start = performance.now();
    for await (const told of new LdapTrial(backend, server, tls).steps()) {
      const now = performance.now();
      yield { backend: backend.name, server: server.url, ...told, ms: Math.round((now - start) * 10) / 10 };
      start = now;
    }
  }
}

const SIGNS = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' } as const;

/** A step as one line for people. */
export function renderStep({ backend, server, step, result, message, advice, ms }: TrialStep): string {
  const line = `${SIGNS[result]}  ${backend}  ${server}  ${step}: ${message}`;
  return advice === undefined ? `${line} (${ms} ms)` : `${line}; ${advice}`;
}
