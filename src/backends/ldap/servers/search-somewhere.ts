import type { Unavailable } from '../../backend.ts';
import type { LdapFailure } from '../client/ldap-failure.ts';
import { RESULT, resultCodeName } from '../client/message/result-codes.ts';
import type { SearchDone, SearchOutcome, SearchRequest } from '../client/outcome.ts';
import type { DirectoryServer } from './directory-server.ts';
import type { ServerSet } from './server-set.ts';

const MAX_TRIES = 3;

export interface SearchAnswer {
  readonly kind: 'answered';
  readonly done: SearchDone;
  readonly server: DirectoryServer;
  /** The server's `losses` when it was asked. */
  readonly losses: number;
}

export interface SearchSomewhereOptions {
  /** Is asked first, where it is well. */
  readonly first?: DirectoryServer | undefined;
  readonly passedOver?: readonly DirectoryServer[] | undefined;
  /** Says why an answer is none: another server is asked then. */
  readonly complaint: (done: SearchDone, server: DirectoryServer) => string | undefined | Promise<string | undefined>;
}

/** Searches on one server after the other until one answers. To search twice does no harm; what a server lost is asked again. */
export async function searchSomewhere(
  servers: ServerSet,
  request: SearchRequest,
  { first, passedOver = [], complaint }: SearchSomewhereOptions,
): Promise<SearchAnswer | Unavailable> {
  let tried = passedOver;
  let server = first !== undefined && first.isAskable ? first : servers.pick(tried);
  let lost: Unavailable | undefined;
  for (let tries = 0; server !== undefined && tries < MAX_TRIES; tries += 1) {
    const { losses } = server;
    const outcome = await server.search(request);
    const problem = outcome.kind === 'done' ? complaint(outcome, server) : undefined;
    const isProblem = problem instanceof Promise ? await problem : problem;
    if (outcome.kind === 'done' && isProblem === undefined) return { kind: 'answered', done: outcome, server, losses };
    lost = unavailable(server, outcome, isProblem);
    tried = [...tried, server];
    server = servers.pick(tried) ?? reconnectable(server, outcome, tries);
  }
  return lost ?? noServer(servers);
}

/** A server may close a connection for its own reasons: where it is the only one, a second connection is worth a try. */
function reconnectable(server: DirectoryServer, outcome: SearchOutcome, tries: number): DirectoryServer | undefined {
  return tries === 0 && outcome.kind === 'connection-lost' && server.isAskable ? server : undefined;
}

function unavailable(server: DirectoryServer, outcome: SearchOutcome, problem = ''): Unavailable {
  if (outcome.kind === 'done') return { kind: 'unavailable', overloaded: false, detail: `${server.url}: ${problem}` };
  return lostAt(server, outcome);
}

/** A failure of a server, for who asked. */
export function lostAt(server: DirectoryServer, failure: LdapFailure): Unavailable {
  const { kind, detail } = failure;
  return { kind: 'unavailable', overloaded: kind === 'overloaded', detail: `${server.url}: ${kind}: ${detail}` };
}

/** No server can be asked. */
export function noServer(servers: ServerSet): Unavailable {
  return { kind: 'unavailable', overloaded: false, detail: `no server can be asked: ${servers.describe()}` };
}

/** Why a search below a DN that must be there is no answer; none where what was found is all that matters. */
export function complaintOf({ resultCode, diagnostic }: SearchDone): string | undefined {
  if (resultCode === RESULT.success || resultCode === RESULT.sizeLimitExceeded) return undefined;
  return `the search: ${resultCodeName(resultCode)} ${diagnostic}`.trimEnd();
}
