/**
 * What the protocols of requests and answers on a lasting connection have in common: a session reads one request after the other
 * and answers, each when its answer is there. It knows nothing of sockets.
 *
 * @module
 */
import type { Decide } from '../../decision/authenticate.ts';
import type { Events } from '../../telemetry/events.ts';
import type { Frames } from './frames.ts';
import type { MapLookUps } from './maps/map-look-up.ts';

/** Names of the protocols, in the configuration and in metrics. */
export type LineProtocol = 'sasl' | 'saslauthd' | 'socketmap' | 'tcp_table';

/** Requests under way of all doors that one configuration has made, and how many there may be. */
export class Work {
  readonly #max: number;
  #inFlight = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get isFull(): boolean {
    return this.#inFlight >= this.#max;
  }

  begin(): void {
    this.#inFlight += 1;
  }

  end(): void {
    this.#inFlight -= 1;
  }
}

/** Whom sessions ask. A change of the configuration replaces it; connections outlive that. */
export interface LineParts {
  /** The listener's name, which log lines have for the caller. */
  readonly name: string;
  readonly decide: Decide;
  readonly events: Events;
  readonly work: Work;
  /** What stands between an account and a master user's name; nobody may log in as another where absent. */
  readonly masterSeparator: string | undefined;
  /** Whether temporary failures are told by closing the connection, where nothing else is under way on it. */
  readonly hangsUpForNow: boolean;
  /** Whether clients of the mail server have TLS where the protocol does not tell. */
  readonly clientsHaveTls: boolean;
  /** The maps that may be asked, by their names. */
  readonly maps: ReadonlyMap<string, MapLookUps>;
}

/** A connection as its session sees it. */
export interface Wire {
  /** Whom to ask now. */
  readonly parts: LineParts;
  /** Sends bytes, one character for each. */
  send(bytes: string): void;
  /** A request waits for its answer. */
  begin(): void;
  /** A request that waited has been answered, or given up. */
  end(): void;
  /**
   * Closes the connection without a word more: the other side takes what it waits for as lost. Does nothing where more has come
   * in, or something was not sent yet.
   * @returns whether it was closed
   */
  hangUp(): boolean;
  /** The other side does not keep to the protocol: tells operators, and closes the connection after what was sent. */
  fail(problem: string): void;
}

export interface LineSession {
  /** Requests that may be under way at a time; more are not read. */
  readonly maxUnderWay: number;
  /** False until the other side has said who it is, where the protocol wants that. */
  readonly isGreeted: boolean;
  /** True in the middle of an exchange that the other side must go on with. */
  readonly isHalfway: boolean;
  openFrames(): Frames;
  take(request: string): void;
}

export type OpenSession = (wire: Wire) => LineSession;
