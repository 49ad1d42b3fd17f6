import type { AccountQuery, Backend, LookupResult, MaybePromise } from '../backends/backend.ts';
import type { Attempt } from '../login/attempt.ts';
import type { LookUp, LookUpKey, LookUps } from '../state/look-ups.ts';

/** How long answers of a backend to look-ups serve without asking it again, in milliseconds; 0 remembers nothing. */
export interface LookUpLifetimes {
  readonly foundMs: number;
  readonly unknownMs: number;
}

export interface LookUpMemoryParts {
  readonly store: LookUps;
  /** Of backends by their names; those that are not here are asked each time. */
  readonly lifetimes: ReadonlyMap<string, LookUpLifetimes>;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
}

/** Who is asked for an account: a backend, or one with a memory before it. */
export type LookUpSource = Pick<Backend, 'name' | 'servesName'> & {
  lookUpAccount(query: AccountQuery, signal: AbortSignal): MaybePromise<SourcedLookup>;
};

/** `source` says that it was answered from memory. */
export type SourcedLookup =
  | (Extract<LookupResult, { kind: 'found' }> & { readonly source?: 'memory' })
  | Exclude<LookupResult, { kind: 'found' }>;

/** Remembers for seconds what backends answer to look-ups; outages and what was withdrawn are never remembered. */
export class LookUpMemory {
  readonly #parts: LookUpMemoryParts;

  constructor(parts: LookUpMemoryParts) {
    this.#parts = parts;
  }

  /** The backend with this memory before it, or the backend itself where nothing of it is remembered. */
  before(backend: Backend): LookUpSource {
    const lifetimes = this.#parts.lifetimes.get(backend.name);
    if (lifetimes === undefined || Math.max(lifetimes.foundMs, lifetimes.unknownMs) === 0) return backend;
    return {
      name: backend.name,
      servesName: (name) => backend.servesName?.(name) ?? true,
      lookUpAccount: (query, signal) => this.#lookUp(backend, lifetimes, query, signal),
    };
  }

  #lookUp(
    backend: Backend,
    lifetimes: LookUpLifetimes,
    query: AccountQuery,
    signal: AbortSignal,
  ): MaybePromise<SourcedLookup> {
    const { store, now } = this.#parts;
    const key: LookUpKey = { loginName: query.name, scope: `${backend.name} ${scopeOf(backend, query.attempt)}` };
    const recalled = store.recall(key);
    if (recalled !== undefined) return answerOf(recalled);
    const askedAtMs = now();
    const answer = backend.lookUpAccount(query, signal);
    const note = (result: LookupResult): LookupResult => {
      const lookUp = lookUpOf(result, askedAtMs);
      if (lookUp !== undefined)
        store.remember(key, lookUp, lookUp.kind === 'found' ? lifetimes.foundMs : lifetimes.unknownMs);
      return result;
    };
    return answer instanceof Promise ? answer.then(note) : note(answer);
  }
}

/** What of an attempt, beside name and password, the answers of a backend depend on. */
export function scopeOf(backend: Backend, attempt: Attempt): string {
  if (backend.scopeOf !== undefined) return backend.scopeOf(attempt);
  const { protocol, clientAddress, localAddress } = attempt;
  return `${protocol},${clientAddress ?? ''},${localAddress ?? ''};`;
}

function answerOf(recalled: LookUp): SourcedLookup {
  return recalled.kind === 'found'
    ? { kind: 'found', account: recalled.account, source: 'memory' }
    : { kind: 'unknown-user' };
}

function lookUpOf(result: LookupResult, askedAtMs: number): LookUp | undefined {
  switch (result.kind) {
    case 'found':
      return { kind: 'found', account: result.account, askedAtMs };
    case 'unknown-user':
      return { kind: 'unknown-user', askedAtMs };
    case 'unavailable':
      return undefined;
  }
}
