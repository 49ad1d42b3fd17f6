import { setTimeout as sleep } from 'node:timers/promises';
import type { Secret } from '../../login/secret.ts';
import type { FoundEntry } from './account-finder.ts';
import { type BindResult, readBindResult } from './bind-result.ts';
import type { BindOutcome } from './client/outcome.ts';
import type { PasswordProof, Proof } from './password-proof.ts';
import { RecentTimes } from './recent-times.ts';
import type { DirectoryServer } from './servers/directory-server.ts';
import { lostAt } from './servers/search-somewhere.ts';
import type { ServerSet } from './servers/server-set.ts';

/** Shorter times cannot be slept exactly, nor be told apart over a network. */
const WORTH_SLEEPING_MS = 1;

const GONE_MEANWHILE = 'the server went away between the search and the bind: its refusal may be that of an empty one';

/**
 * Proves passwords by binds, on the server that found the entry: another one may have an older password, or no such entry.
 *
 * A bind is sent once. Where it was sent and not answered nobody knows whether it was counted, and to repeat it elsewhere could
 * lock the account of a user who mistyped his password once; that login is deferred.
 */
export class ProofByBind implements PasswordProof {
  readonly #servers: ServerSet;
  readonly #wantsPolicy: boolean;
  readonly #times = new RecentTimes(64);

  constructor(servers: ServerSet, wantsPolicy: boolean) {
    this.#servers = servers;
    this.#wantsPolicy = wantsPolicy;
  }

  /** A password has more than one form only where it is neither ASCII nor well-formed (see `Secret`): each is tried. */
  async prove(found: FoundEntry, password: Secret, signal: AbortSignal): Promise<Proof> {
    let proof: Proof = { kind: 'wrong' };
    for (const form of password.revealForms()) {
      if (proof.kind !== 'wrong' || signal.aborted) return proof;
      if (form.length === 0) return { kind: 'wrong' };
      proof = await this.#proveForm(found, form);
    }
    return proof;
  }

  /**
   * An unknown name costs the same search, and then a bind as a DN that nobody has. Where servers compute costly hashes for
   * known names only, what is missing is waited for.
   */
  async proveNobody(_: string, password: Secret): Promise<void> {
    const server = this.#servers.pick();
    if (server === undefined) return;
    for (const _form of password.revealForms()) {
      const usual = this.#times.any();
      const start = performance.now();
      await server.bindDecoy();
      const missing = usual - (performance.now() - start);
      if (missing > WORTH_SLEEPING_MS) await sleep(missing);
    }
  }

  async #proveForm(found: FoundEntry, password: Buffer): Promise<Proof> {
    const { entry, server } = found;
    const start = performance.now();
    const outcome = await server.bind({
      kind: 'simple',
      dn: entry.dn,
      password,
      wantsPolicy: this.#wantsPolicy,
    });
    if (outcome.kind !== 'done') return failedProof(outcome, server);
    const result = readBindResult(outcome);
    if (result.kind === 'right' || result.kind === 'wrong') this.#times.add(performance.now() - start);
    return proofOf(result, found);
  }
}

function failedProof(outcome: Exclude<BindOutcome, { kind: 'done' }>, server: DirectoryServer): Proof {
  const isUnsent = outcome.kind === 'connect-failed' || outcome.kind === 'overloaded';
  return isUnsent ? { kind: 'not-asked', failure: outcome } : lostAt(server, outcome);
}

function proofOf(result: BindResult, { server, losses }: FoundEntry): Proof {
  switch (result.kind) {
    case 'right':
    case 'refused':
      return result;
    case 'wrong':
      return server.losses === losses ? result : unavailable(server, GONE_MEANWHILE);
    case 'unclear':
      return unavailable(server, result.detail);
  }
}

function unavailable(server: DirectoryServer, detail: string): Proof {
  return { kind: 'unavailable', overloaded: false, detail: `${server.url}: ${detail}` };
}
