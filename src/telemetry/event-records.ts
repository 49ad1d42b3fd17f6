/**
 * What is told of events that have more than a few facts.
 *
 * @module
 */
export interface RejectedCaller {
  readonly session: string;
  readonly reason: string;
  readonly name?: string | undefined;
  readonly address: string;
  /** What was wrong, beside the reason. */
  readonly detail?: string | undefined;
}

export interface RejectedRequest {
  readonly session: string;
  readonly door: string;
  readonly status: number;
  readonly error: string;
  readonly caller?: string | undefined;
  readonly address?: string | undefined;
}

/** What came over a connection to a door for lines and got no decision. */
export interface RejectedLine {
  readonly listener: string;
  readonly door: string;
  readonly error: string;
}

/** Connections to a listener for lines that were not taken, or were ended; `count` of them since the last line about it. */
export interface RefusedConnections {
  readonly listener: string;
  readonly reason: string;
  readonly count: number;
  /** Of the latest; absent where it came over a unix socket. */
  readonly address?: string | undefined;
}

export interface ForgottenGuesses {
  readonly session: string;
  readonly caller: string;
  readonly account?: string | undefined;
  readonly network?: string | undefined;
  readonly rule?: string | undefined;
  /** Blocks that were ended. */
  readonly blocks: number;
  /** Owners, counters and members that are counted no more. */
  readonly counted: number;
  readonly problem?: string | undefined;
}

export interface OrderedBlock {
  readonly session: string;
  readonly caller: string;
  readonly key: string;
  readonly reason: string;
  readonly untilMs: number;
  readonly problem?: string | undefined;
}

export interface OrderedHosts {
  readonly session: string;
  readonly caller: string;
  readonly mode: 'drain' | 'maintain' | 'resume';
  /** Hosts with their ports. */
  readonly hosts: readonly string[];
  /** May be empty. */
  readonly reason: string;
  readonly problem?: string | undefined;
}
