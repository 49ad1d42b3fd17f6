import type { SecureContext } from 'node:tls';
import type { Secret } from '../../../login/secret.ts';

export const PROBE_PROTOCOLS = ['tcp', 'imap', 'pop3', 'smtp', 'lmtp', 'sieve', 'http'] as const;

export type ProbeProtocol = (typeof PROBE_PROTOCOLS)[number];

/** `starttls` turns a connection into TLS that began in the clear. */
export const PROBE_TLS = ['none', 'starttls', 'implicit'] as const;

export type ProbeTls = (typeof PROBE_TLS)[number];

/** Whom a probe logs in as. */
export interface ProbeLogin {
  readonly name: string;
  readonly password: Secret;
}

/** What a probe says to the hosts of a pool. */
export interface ProbeSettings {
  readonly protocol: ProbeProtocol;
  readonly tls: ProbeTls;
  /** Who is trusted to vouch for hosts; those that Node.js trusts where absent. */
  readonly trust: SecureContext | undefined;
  /** Name that certificates must have; that of the host where absent. */
  readonly serverName: string | undefined;
  /** Whether a header of the PROXY protocol, version 2, goes before all else. */
  readonly sendsProxyHeader: boolean;
  readonly login: ProbeLogin | undefined;
  readonly http: { readonly path: string; readonly status: number };
  /** Longest time for all of it. */
  readonly deadlineMs: number;
}

/** What is probed. */
export interface ProbeTarget {
  readonly address: string;
  readonly port: number;
  /** What the host is called. */
  readonly host: string;
}
