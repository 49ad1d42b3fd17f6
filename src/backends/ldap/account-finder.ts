import type { Unavailable } from '../backend.ts';
import type { EntrySearch, NamedRequest } from './account-search.ts';
import { parseFilter } from './client/filter/filter.ts';
import { prepareSearch } from './client/message/request.ts';
import { RESULT } from './client/message/result-codes.ts';
import type { SearchEntry } from './client/message/search-entry.ts';
import type { SearchDone, SearchRequest } from './client/outcome.ts';
import type { NameFacts } from './names/name-template.ts';
import type { DirectoryServer } from './servers/directory-server.ts';
import { complaintOf, type SearchAnswer, searchSomewhere } from './servers/search-somewhere.ts';
import type { ServerSet } from './servers/server-set.ts';

/** One entry, and the server that gave it: what follows is best asked there, as others may not have caught up with it. */
export interface FoundEntry {
  readonly kind: 'found';
  readonly entry: SearchEntry;
  readonly server: DirectoryServer;
  /** The server's `losses` when the search began. */
  readonly losses: number;
}

export const UNKNOWN_USER = { kind: 'unknown-user' } as const;
export const WITHDRAWN: Unavailable = { kind: 'unavailable', overloaded: false, detail: 'the question was withdrawn' };

export type EntryResult = FoundEntry | typeof UNKNOWN_USER | Unavailable;

const ANY_ENTRY = parseFilter('(objectClass=*)');

export interface AccountFinderParts {
  readonly servers: ServerSet;
  /** Whether searches that are the same and under way together share one. */
  readonly coalesce: boolean;
  /** More than one entry matches: nobody can be let in, and the operator has to know. */
  readonly onAmbiguous: (facts: NameFacts, dns: readonly string[]) => void;
}

/**
 * How fresh an answer has to be: of a search that begins `now`, or of one that is the same and already `under-way`.
 */
export type Freshness = 'now' | 'under-way';

/** Finds the one entry of a name. */
export class AccountFinder {
  readonly #parts: AccountFinderParts;
  /** Emptied when they end: the map's old tables may keep them for longer. */
  readonly #underWay = new Map<string, { answer: Promise<EntryResult> | undefined }>();

  constructor(parts: AccountFinderParts) {
    this.#parts = parts;
  }

  find(search: EntrySearch, facts: NameFacts, freshness: Freshness): EntryResult | Promise<EntryResult> {
    const named = search.request(facts);
    if (named === undefined) return UNKNOWN_USER;
    const { key } = named;
    if (freshness === 'now' || !this.#parts.coalesce) return this.#find(search, named, facts);
    const asked = this.#underWay.get(key)?.answer;
    if (asked !== undefined) return asked;
    const answer = this.#findAlone(search, named, facts);
    this.#underWay.set(key, { answer });
    return answer;
  }

  /** Finds the entry on a server that has not yet failed this login. */
  findElsewhere(
    search: EntrySearch,
    facts: NameFacts,
    passedOver: readonly DirectoryServer[],
  ): EntryResult | Promise<EntryResult> {
    const named = search.request(facts);
    return named === undefined ? UNKNOWN_USER : this.#find(search, named, facts, passedOver);
  }

  async #find(
    search: EntrySearch,
    { request }: NamedRequest,
    facts: NameFacts,
    passedOver: readonly DirectoryServer[] = [],
  ): Promise<EntryResult> {
    return this.#conclude(await this.#ask(search, request, passedOver), facts);
  }

  async #findAlone(search: EntrySearch, { request, key }: NamedRequest, facts: NameFacts): Promise<EntryResult> {
    try {
      return this.#conclude(await this.#ask(search, request, []), facts);
    } finally {
      const ended = this.#underWay.get(key);
      if (ended !== undefined) ended.answer = undefined;
      this.#underWay.delete(key);
    }
  }

  #ask(
    search: EntrySearch,
    request: SearchRequest,
    passedOver: readonly DirectoryServer[],
  ): Promise<SearchAnswer | Unavailable> {
    const complaint = (done: SearchDone, server: DirectoryServer) =>
      done.resultCode === RESULT.noSuchObject ? absence(search, server) : complaintOf(done);
    return searchSomewhere(this.#parts.servers, request, { passedOver, complaint });
  }

  #conclude(answer: SearchAnswer | Unavailable, facts: NameFacts): EntryResult {
    if (answer.kind !== 'answered') return answer;
    const { server, losses } = answer;
    const { entries, resultCode } = answer.done;
    const [entry] = entries;
    if (entries.length > 1 || resultCode === RESULT.sizeLimitExceeded) {
      this.#parts.onAmbiguous(
        facts,
        entries.map(({ dn }) => dn),
      );
      return AMBIGUOUS;
    }
    return entry === undefined ? UNKNOWN_USER : { kind: 'found', entry, server, losses };
  }
}

const AMBIGUOUS: Unavailable = {
  kind: 'unavailable',
  overloaded: false,
  detail: 'ambiguous: more than one entry matches the login name',
};

/**
 * Why a base DN is not there. One without placeholders must be: a server that was emptied, or is yet to be filled, knows nothing
 * of anybody. One with placeholders need not be, where what it hangs from is there: then nobody has such a name.
 */
function absence(search: EntrySearch, server: DirectoryServer): string | undefined | Promise<string | undefined> {
  if (!search.hasFixedBase) return absenceOf(search.fixedSuffix, server);
  server.distrust(NO_BASE);
  return NO_BASE;
}

const NO_BASE = 'the base DN does not exist there, or may not be seen';

async function absenceOf(dn: string, server: DirectoryServer): Promise<string | undefined> {
  const search = prepareSearch({ baseDn: dn, scope: 'base', attributes: ['1.1'] });
  const outcome = await server.search({ search, filter: ANY_ENTRY });
  if (outcome.kind === 'done' && outcome.resultCode === RESULT.success) return undefined;
  if (outcome.kind === 'done') server.distrust(NO_BASE);
  return `the base DN is not there, nor is it certain that ${dn} is`;
}
