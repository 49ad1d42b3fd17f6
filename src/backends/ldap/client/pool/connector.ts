import { type ConnectionOptions, LdapConnection, type OpenOutcome } from '../connection.ts';
import { failed } from '../ldap-failure.ts';
import { RESULT, resultCodeName } from '../message/result-codes.ts';
import type { BindCredentials } from '../outcome.ts';
import type { ServerAddress } from '../server-address.ts';

/** Opens a connection that is ready for use. Is given up as `connect-failed` when its own deadline passes. */
export type Connector = () => Promise<OpenOutcome>;

export interface ConnectorOptions {
  readonly address: ServerAddress;
  /** For connecting, TLS and the first bind together. */
  readonly connectTimeoutMs: number;
  /** As whom to bind first; absent: stay anonymous. */
  readonly account?: BindCredentials | undefined;
  readonly connection?: ConnectionOptions;
}

export function createConnector({
  address,
  connectTimeoutMs,
  account,
  connection: options,
}: ConnectorOptions): Connector {
  return async () => {
    const start = performance.now();
    const outcome = await LdapConnection.open(address, { timeoutMs: connectTimeoutMs }, options);
    if (outcome.kind !== 'open' || account === undefined) return outcome;
    const { connection } = outcome;
    const timeoutMs = Math.max(1, connectTimeoutMs - (performance.now() - start));
    const bind = await connection.bind(account, { timeoutMs });
    if (bind.kind === 'done' && bind.resultCode === RESULT.success) return outcome;
    connection.close();
    const why = bind.kind === 'done' ? `${resultCodeName(bind.resultCode)} ${bind.diagnostic}`.trimEnd() : bind.detail;
    return failed('connect-failed', `the bind of the service account: ${why}`);
  };
}
