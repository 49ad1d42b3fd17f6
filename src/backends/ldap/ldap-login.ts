import type { Account } from '../../login/account.ts';
import type { PasswordQuery, Unavailable, VerifyResult } from '../backend.ts';
import type { AccountDetails } from './account-details.ts';
import { type AccountFinder, type EntryResult, type FoundEntry, UNKNOWN_USER, WITHDRAWN } from './account-finder.ts';
import { type AccountSearches, EntrySearch, factsOf, PASSWORD_ATTRIBUTE } from './account-search.ts';
import type { LdapBackendConfig } from './ldap-config.ts';
import { type LoginName, parseLoginName } from './names/master-name.ts';
import type { NameFacts } from './names/name-template.ts';
import type { PasswordProof, Proof } from './password-proof.ts';
import type { DirectoryServer } from './servers/directory-server.ts';
import { lostAt } from './servers/search-somewhere.ts';

export interface LdapLoginParts {
  readonly searches: AccountSearches;
  readonly finder: AccountFinder;
  readonly details: AccountDetails;
  readonly proof: PasswordProof;
}

/** One login: whose account, and whose entry the password is proved against; the same but for master users. */
interface Login {
  readonly names: LoginName;
  readonly facts: NameFacts;
  readonly found: FoundEntry;
  readonly prover: FoundEntry;
}

const MAX_TRIES = 3;

/** Logs users in, and master users as others. */
export class LdapLogin {
  readonly #parts: LdapLoginParts;
  readonly #separator: string | undefined;
  readonly #masterSearch: EntrySearch | undefined;
  /** What is compared with must not be older than the login: the password may just have been changed. */
  readonly #freshness: 'now' | 'under-way';

  constructor(config: LdapBackendConfig, parts: LdapLoginParts) {
    this.#parts = parts;
    this.#separator = config.master?.separator;
    this.#masterSearch = masterSearch(config);
    this.#freshness = config.passwordCheck === 'bind' ? 'under-way' : 'now';
  }

  /** Finds the entry and proves its password on one server; on another one where the password did not get that far. */
  async verify({ name, password, attempt }: PasswordQuery, signal: AbortSignal): Promise<VerifyResult> {
    const names = parseLoginName(name, this.#separator);
    const facts = factsOf(names.account, attempt);
    const passedOver: DirectoryServer[] = [];
    for (;;) {
      if (signal.aborted) return WITHDRAWN;
      const [found, prover] = await this.#find(names, facts, passedOver);
      if (found.kind === 'unavailable') return found;
      if (prover.kind === 'unavailable') return prover;
      if (found.kind === 'unknown-user' || prover.kind === 'unknown-user') {
        await this.#parts.proof.proveNobody(names.account, password, signal);
        return UNKNOWN_USER;
      }
      if (signal.aborted) return WITHDRAWN;
      const proof = await this.#parts.proof.prove(prover, password, signal);
      if (proof.kind !== 'not-asked') return this.#conclude(proof, { names, facts, found, prover });
      passedOver.push(prover.server);
      if (passedOver.length === MAX_TRIES) return lostAt(prover.server, proof.failure);
    }
  }

  async #find(
    { master }: LoginName,
    facts: NameFacts,
    passedOver: readonly DirectoryServer[],
  ): Promise<readonly [EntryResult, EntryResult]> {
    const { finder, searches } = this.#parts;
    const find = (search: EntrySearch, own: NameFacts) =>
      passedOver.length === 0
        ? finder.find(search, own, this.#freshness)
        : finder.findElsewhere(search, own, passedOver);
    const own = find(searches.for(facts.protocol).login, facts);
    if (master === undefined || this.#masterSearch === undefined) {
      const found = await own;
      return [found, found];
    }
    return Promise.all([own, find(this.#masterSearch, { ...facts, user: master })]);
  }

  async #conclude(proof: Exclude<Proof, { kind: 'not-asked' }>, login: Login): Promise<VerifyResult> {
    if (proof.kind === 'unavailable') return proof;
    const { details, searches } = this.#parts;
    const { found, facts, names } = login;
    const read = details.read(found, searches.for(facts.protocol).rules, this.#freshness === 'now');
    if (read.kind === 'unavailable') return read;
    const master = names.master === undefined ? {} : { master: names.master };
    switch (proof.kind) {
      case 'wrong':
        return { kind: 'wrong-password', account: read.account, ...master };
      case 'refused':
        return { kind: 'refused', reason: proof.reason, account: read.account, ...master };
      case 'right': {
        const verified = await this.#complete(read.account, login);
        return verified.kind === 'unavailable' ? verified : { ...verified, ...master };
      }
    }
  }

  async #complete(
    account: Account,
    { found, prover, facts, names }: Login,
  ): Promise<Unavailable | { readonly kind: 'verified' | 'wrong-password'; readonly account: Account }> {
    const { details } = this.#parts;
    if (names.master !== undefined) {
      const isOff = await details.isDisabled(prover, { ...facts, user: names.master });
      if (typeof isOff === 'object') return isOff;
      // A master who is switched off proves nothing; that he once was one is nobody's business.
      if (isOff) return { kind: 'wrong-password', account };
    }
    if (!details.isMoreNeeded) return { kind: 'verified', account };
    const whole = await details.complete(account, found, facts);
    return whole.kind === 'unavailable' ? whole : { kind: 'verified', account: whole.account };
  }
}

function masterSearch({ master, search, disabled, passwordCheck }: LdapBackendConfig): EntrySearch | undefined {
  if (master === undefined) return undefined;
  const attributes = [
    ...(passwordCheck === 'compare' ? [PASSWORD_ATTRIBUTE] : []),
    ...(disabled?.kind === 'attribute' ? [disabled.attribute] : []),
  ];
  const { baseDn = search.baseDn, filter } = master;
  // 1.1 asks for no attributes at all; an empty list would ask for all.
  return new EntrySearch('master', { baseDn, filter, scope: 'sub' }, attributes.length === 0 ? ['1.1'] : attributes);
}
