import type { Unavailable } from '../backend.ts';
import { EntrySearch } from './account-search.ts';
import { parseFilter } from './client/filter/filter.ts';
import { prepareSearch } from './client/message/request.ts';
import { RESULT } from './client/message/result-codes.ts';
import type { SearchEntry } from './client/message/search-entry.ts';
import type { SearchDone } from './client/outcome.ts';
import type { GroupsRule } from './ldap-account-config.ts';
import type { NameFacts, NameTemplate } from './names/name-template.ts';
import type { DirectoryServer } from './servers/directory-server.ts';
import { complaintOf, searchSomewhere } from './servers/search-somewhere.ts';
import type { ServerSet } from './servers/server-set.ts';

/** More groups than that are no groups of one account but a mistake, and would take the servers' time. */
const MAX_GROUPS = 1000;
const AT_ONCE = 16;
const ANY_ENTRY = parseFilter('(objectClass=*)');

/** Whose groups are meant. */
export interface GroupMember {
  readonly entry: SearchEntry;
  readonly facts: NameFacts;
  readonly server: DirectoryServer;
}

export type GroupNamesResult = { readonly kind: 'groups'; readonly names: readonly string[] } | Unavailable;

interface Group {
  readonly dn: string;
  readonly names: readonly string[];
  /** What the group itself is in, where its entry says that. */
  readonly memberOf: readonly string[];
}

/** Finds the groups of the members at one level: all of them, or why that cannot be. */
type NextLevel = (dns: readonly string[], member: GroupMember) => Promise<readonly Group[] | Unavailable>;

/** Finds the names of the groups that an account is in, and of the groups that these are in, to a depth. */
export class GroupNames {
  readonly #servers: ServerSet;
  readonly #rule: GroupsRule;
  readonly #next: NextLevel;

  constructor(servers: ServerSet, rule: GroupsRule, accountsBase: NameTemplate) {
    this.#servers = servers;
    this.#rule = rule;
    this.#next = rule.kind === 'member-of' ? this.#readGroups(rule) : this.#searchGroups(rule, accountsBase);
  }

  /** Each name once, nearest groups first. Loops end where a group was seen before. */
  async find(member: GroupMember): Promise<GroupNamesResult> {
    const seen = new Set<string>();
    const names = new Set<string>();
    let dns = this.#start(member.entry);
    for (let depth = 0; depth <= this.#rule.nestedDepth && dns.length > 0; depth += 1) {
      const groups = await this.#next(dns, member);
      if ('kind' in groups) return groups;
      const fresh = groups.filter(({ dn }) => isFirst(seen, dn.toLowerCase()));
      if (seen.size > MAX_GROUPS) return tooMany();
      for (const name of fresh.flatMap((group) => group.names)) names.add(name);
      dns = this.#rule.kind === 'member-of' ? fresh.flatMap((group) => group.memberOf) : fresh.map(({ dn }) => dn);
      dns = dns.filter((dn) => this.#rule.kind === 'search' || !seen.has(dn.toLowerCase()));
    }
    return { kind: 'groups', names: [...names] };
  }

  #start(entry: SearchEntry): readonly string[] {
    if (this.#rule.kind === 'search') return [entry.dn];
    return entry.values(this.#rule.attribute).map((value) => value.toString('utf8'));
  }

  /** By the DNs that accounts and groups name; one that is gone is no group. */
  #readGroups({ nameAttribute, attribute }: Extract<GroupsRule, { kind: 'member-of' }>): NextLevel {
    const complaint = (done: SearchDone) => (done.resultCode === RESULT.noSuchObject ? undefined : complaintOf(done));
    return (dns, { server }) =>
      inTurns(dns, async (dn) => {
        const search = prepareSearch({ baseDn: dn, scope: 'base', attributes: [nameAttribute, attribute] });
        const answer = await searchSomewhere(
          this.#servers,
          { search, filter: ANY_ENTRY },
          { first: server, complaint },
        );
        if (answer.kind !== 'answered') return answer;
        return answer.done.entries.map((entry) => ({
          dn: entry.dn,
          names: texts(entry, nameAttribute),
          memberOf: texts(entry, attribute),
        }));
      });
  }

  /** By a search for groups that name the account, and then for groups that name these. */
  #searchGroups(rule: Extract<GroupsRule, { kind: 'search' }>, accountsBase: NameTemplate): NextLevel {
    const { nameAttribute, filter, baseDn = accountsBase } = rule;
    const search = new EntrySearch('groups', { baseDn, filter, scope: 'sub' }, [nameAttribute], MAX_GROUPS + 1);
    return (dns, { facts, server }) =>
      inTurns(dns, async (dn) => {
        const named = search.request({ ...facts, user_dn: dn });
        if (named === undefined) return [];
        const answer = await searchSomewhere(this.#servers, named.request, { first: server, complaint: complaintOf });
        if (answer.kind !== 'answered') return answer;
        if (answer.done.resultCode === RESULT.sizeLimitExceeded) return tooMany();
        return answer.done.entries.map((entry) => ({
          dn: entry.dn,
          names: texts(entry, nameAttribute),
          memberOf: [],
        }));
      });
  }
}

/** A few at a time, so that one account in many groups does not crowd the others out. */
async function inTurns(
  dns: readonly string[],
  find: (dn: string) => Promise<readonly Group[] | Unavailable>,
): Promise<readonly Group[] | Unavailable> {
  if (dns.length > MAX_GROUPS) return tooMany();
  const all: Group[] = [];
  for (let start = 0; start < dns.length; start += AT_ONCE) {
    const found = await Promise.all(dns.slice(start, start + AT_ONCE).map(find));
    for (const groups of found) {
      if ('kind' in groups) return groups;
      all.push(...groups);
    }
  }
  return all;
}

function texts(entry: SearchEntry, attribute: string): readonly string[] {
  return entry.values(attribute).map((value) => value.toString('utf8'));
}

function isFirst(seen: Set<string>, dn: string): boolean {
  if (seen.has(dn)) return false;
  seen.add(dn);
  return true;
}

function tooMany(): Unavailable {
  return { kind: 'unavailable', overloaded: false, detail: `the account is in more than ${MAX_GROUPS} groups` };
}
