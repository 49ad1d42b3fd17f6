import type { LdapFailure } from './ldap-failure.ts';
import type { PreparedSearch } from './message/request.ts';
import type { LdapResult } from './message/response.ts';
import type { SearchEntry } from './message/search-entry.ts';

export interface SearchRequest {
  readonly search: PreparedSearch;
  readonly filter: Buffer;
  /** One encoded control. */
  readonly control?: Buffer | undefined;
  /** Entries at which the search is given up as `protocol-error`; default 10,000. */
  readonly maxEntries?: number;
}

/** What the server said to the end. Whether that is good news is in `resultCode`. */
export interface SearchDone extends LdapResult {
  readonly kind: 'done';
  readonly entries: readonly SearchEntry[];
  /** URIs of servers that may know more. They are never followed. */
  readonly references: readonly string[];
}

export interface BindDone extends LdapResult {
  readonly kind: 'done';
}

export type SearchOutcome = SearchDone | LdapFailure;
export type BindOutcome = BindDone | LdapFailure;

/** Who binds. `external`: as whom the client's certificate or the socket's peer credentials say. */
export type BindCredentials =
  | {
      readonly kind: 'simple';
      readonly dn: string;
      readonly password: Buffer;
      /** Asks for password policy state beside the result. */
      readonly wantsPolicy?: boolean;
    }
  | { readonly kind: 'external' };
