import type { Secret } from '../../login/secret.ts';

export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

/** Which servers there are, and how the one to ask is found. */
export type RedisServers =
  | { readonly kind: 'single'; readonly address: HostAddress }
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'cluster'; readonly addresses: readonly HostAddress[] }
  | {
      readonly kind: 'sentinel';
      /** The name under which the sentinels know the servers. */
      readonly name: string;
      readonly addresses: readonly HostAddress[];
      readonly username: string | undefined;
      readonly password: Secret | undefined;
    };

/** Paths of PEM files. */
export interface RedisTls {
  /** Absent where the system's authorities are trusted. */
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** The name that certificates must have; absent where it is the host that was asked for. */
  readonly serverName: string | undefined;
}

/** How Redis or Valkey is reached and what is kept there. */
export interface RedisConfig {
  readonly servers: RedisServers;
  readonly username: string | undefined;
  readonly password: Secret | undefined;
  readonly database: number;
  readonly tls: RedisTls | undefined;
  /** What all keys begin with. */
  readonly prefix: string;
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  /** Part of each limit against guesses that holds in each process while the servers are away; 1 to 100. */
  readonly limitsWhileAwayPercent: number;
  /** What the keys are made from that encrypt values, the first for new ones. */
  readonly secrets: readonly [Secret, ...Secret[]];
}
