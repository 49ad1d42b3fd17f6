/** What an LDAP server was asked for. */
export type LdapOperation = 'search' | 'bind' | 'list-page';

/** How it went: a result code's name, or the kind of failure. */
export interface FinishedOperation {
  readonly server: string;
  readonly operation: LdapOperation;
  readonly result: string;
  readonly ms: number;
}

/** Who is told what servers do. */
export interface ServerEvents {
  /** Once for each time that a server stops being asked. */
  down(server: string, detail: string): void;
  /** Once for each time that one is asked again, with the time since `down`. */
  up(server: string, downMs: number): void;
  /** Operations took more than half of their time; told at most every ten seconds, with how many there were since. */
  slow(
    operation: Pick<FinishedOperation, 'server' | 'operation'>,
    slowness: { readonly count: number; readonly longestMs: number },
  ): void;
  operation(finished: FinishedOperation): void;
}
