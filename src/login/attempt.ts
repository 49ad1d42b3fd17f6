import type { ClientAddress } from './client-address.ts';
import type { Protocol } from './protocol.ts';
import type { Secret } from './secret.ts';

/** What a caller wants to know: may this user in, what is known about the account. */
export type Mode = 'authenticate' | 'look-up';

/** TLS between the client and the caller, as the caller saw it. */
export interface ClientTls {
  readonly protocol?: string | undefined;
  readonly cipher?: string | undefined;
  /** Outcome of the client certificate's verification in the caller's words; absent where no certificate was shown. */
  readonly clientVerify?: string | undefined;
  readonly clientCommonName?: string | undefined;
  /** Distinguished names and serial number of the client certificate, as the caller writes them. */
  readonly clientSubject?: string | undefined;
  readonly clientIssuer?: string | undefined;
  readonly clientSerial?: string | undefined;
  readonly fingerprint?: string | undefined;
}

/** One question about one login, whatever door it came through. `caller` is the mail server that asks, `client` the mail user's program. */
export interface Attempt {
  /** Sortable unique id, the same in the answer and in the log. */
  readonly session: string;
  readonly mode: Mode;
  readonly caller: string;
  /** The name as the client typed it; not yet checked. */
  readonly loginName: string;
  /** Absent in a look-up. */
  readonly password?: Secret | undefined;
  readonly protocol: Protocol;
  /** SASL mechanism in lower case, empty where unknown. */
  readonly mechanism: string;
  readonly clientAddress?: ClientAddress | undefined;
  readonly clientPort?: number | undefined;
  readonly localAddress?: ClientAddress | undefined;
  readonly localPort?: number | undefined;
  /** Absent where the client's connection is not protected by TLS. */
  readonly tls?: ClientTls | undefined;
  /** The caller's own id of the session, for finding it in the caller's log. */
  readonly externalSession?: string | undefined;
  readonly clientId?: string | undefined;
  /** The OpenID Connect client through which the user logs in. */
  readonly oidcClient?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Which try of the client's this is, counted from 1 by the caller. */
  readonly loginAttempt?: number | undefined;
}
