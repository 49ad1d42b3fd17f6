/**
 * Why there is no answer. Always a value, never thrown: a result code of the server is an answer, not a failure.
 *
 * - `timeout`: the deadline passed or the signal fired first
 * - `connection-lost`: the connection ended before the answer came; whether the server did what was asked is not known
 * - `connect-failed`: no connection could be had, TLS and its checks included
 * - `overloaded`: a bound of ours was reached and nothing was sent
 * - `protocol-error`: the server's answer, or what was asked for, is not possible
 */
export interface LdapFailure {
  readonly kind: 'timeout' | 'connection-lost' | 'connect-failed' | 'overloaded' | 'protocol-error';
  /** For operators. Holds no names, filters or passwords. */
  readonly detail: string;
}

export function failed(kind: LdapFailure['kind'], detail: string): LdapFailure {
  return { kind, detail };
}

/** What an error of a socket says, in a few words. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError) return error.errors.map(describeError).join('; ');
  return error.message;
}
