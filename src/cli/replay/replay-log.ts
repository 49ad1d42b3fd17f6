import { networkOf } from '../../protection/network-prefix.ts';
import type { ProtectionConfig } from '../../protection/protection-config.ts';
import type { LogLine } from './log-lines.ts';
import { type LoggedLogin, parseLoggedLogin } from './logged-login.ts';
import { ASSUMPTIONS, type Assumption, type Replayed, type ReplayParts, RulesInReplay } from './rules-in-replay.ts';

/** What one rule would have done. */
export interface RuleCount {
  readonly rule: string;
  readonly assumption: Assumption;
  /** Logins that it would have refused. */
  refused: number;
  /** Of them, those that the log says were accepted. */
  accepted: number;
  /** Of the others, those whose account was accepted later out of the same network. */
  rightLater: number;
  /** Logins that it tells of and does not refuse. */
  observed: number;
}

/** An accepted login that would have been refused. */
export interface RefusedOwner {
  readonly line: number;
  readonly time: string;
  readonly session: string;
  readonly account: string;
  readonly address: string;
  readonly rule: string;
  readonly assumptions: readonly Assumption[];
}

export interface BrokenLine {
  readonly line: number;
  readonly problem: string;
}

export interface ReplayReport {
  lines: number;
  logins: number;
  accepted: number;
  /** Logins that a rule kept out then. */
  keptOut: number;
  other: number;
  broken: number;
  /** The first of them. */
  readonly brokenLines: BrokenLine[];
  from: string | undefined;
  to: string | undefined;
  readonly rules: RuleCount[];
  /** Accepted logins that would have been refused, by what is assumed of wrong passwords. */
  readonly ownersRefused: Record<Assumption, number>;
  /** The first of them. */
  readonly owners: RefusedOwner[];
  /** Logins that a rule kept out then, and none would now. */
  readonly letThrough: Record<Assumption, number>;
  /** Refused logins of which it is not known any more whether they were right later, since there were too many. */
  forgotten: number;
}

const SHOWN = 20;
/** Accounts with a network out of which a login would have been refused. */
const MAX_WAITING = 500_000;

/** Lives through a log. */
export async function replayLog(lines: AsyncIterable<LogLine>, parts: ReplayParts): Promise<ReplayReport> {
  const replay = new Replay(parts);
  for await (const line of lines) await replay.take(line);
  return replay.report;
}

class Replay {
  readonly report: ReplayReport = {
    lines: 0,
    logins: 0,
    accepted: 0,
    keptOut: 0,
    other: 0,
    broken: 0,
    brokenLines: [],
    from: undefined,
    to: undefined,
    rules: [],
    ownersRefused: { different: 0, repeated: 0, sprayed: 0 },
    owners: [],
    letThrough: { different: 0, repeated: 0, sprayed: 0 },
    forgotten: 0,
  };
  readonly #rules: ProtectionConfig;
  readonly #runs: readonly (readonly [Assumption, RulesInReplay])[];
  readonly #counts = new Map<string, RuleCount>();
  /** Refused logins that may prove right later: how many of them, by rule. */
  readonly #waiting = new Map<string, Map<RuleCount, number>>();

  constructor(parts: ReplayParts) {
    this.#rules = parts.rules;
    this.#runs = ASSUMPTIONS.map((assumption) => [assumption, new RulesInReplay(parts, assumption)]);
  }

  async take({ number, text }: LogLine): Promise<void> {
    const { report } = this;
    report.lines += 1;
    const read = text === undefined ? ({ kind: 'broken', problem: 'is too long' } as const) : parseLoggedLogin(text);
    switch (read.kind) {
      case 'broken':
        report.broken += 1;
        if (report.brokenLines.length < SHOWN) report.brokenLines.push({ line: number, problem: read.problem });
        return;
      case 'other':
        report.other += 1;
        return;
      case 'login':
        return await this.#live(read, number);
    }
  }

  async #live(login: LoggedLogin, line: number): Promise<void> {
    this.#note(login);
    const refusedBy = new Map<string, Assumption[]>();
    for (const [assumption, run] of this.#runs) {
      const rule = this.#count(login, assumption, await run.decide(login));
      if (rule !== undefined) refusedBy.set(rule, [...(refusedBy.get(rule) ?? []), assumption]);
      else if (login.wasKeptOut) this.report.letThrough[assumption] += 1;
    }
    if (login.wasAccepted) this.#noteOwners(login, line, refusedBy);
  }

  #note(login: LoggedLogin): void {
    const { report } = this;
    report.logins += 1;
    report.to = new Date(login.atMs).toISOString();
    report.from ??= report.to;
    if (login.wasKeptOut) report.keptOut += 1;
    if (!login.wasAccepted) return;
    report.accepted += 1;
    this.#proveRight(login);
  }

  #noteOwners(login: LoggedLogin, line: number, refusedBy: ReadonlyMap<string, readonly Assumption[]>): void {
    const { ownersRefused, owners } = this.report;
    const { atMs, session, account = '', address = '' } = login;
    const time = new Date(atMs).toISOString();
    for (const [rule, assumptions] of refusedBy) {
      for (const assumption of assumptions) ownersRefused[assumption] += 1;
      if (owners.length < SHOWN) owners.push({ line, time, session, account, address, rule, assumptions });
    }
  }

  /** Gives the rule that would have refused the login. */
  #count(login: LoggedLogin, assumption: Assumption, { findings }: Replayed): string | undefined {
    let refusedBy: string | undefined;
    for (const { rule, effect } of findings) {
      if (effect === 'observed') this.#countOf(rule, assumption).observed += 1;
      else if (refusedBy === undefined && !isLetInBefore(login, rule)) {
        refusedBy = rule;
        this.#refuse(login, this.#countOf(rule, assumption));
      }
    }
    return refusedBy;
  }

  #refuse(login: LoggedLogin, count: RuleCount): void {
    count.refused += 1;
    if (login.wasAccepted) count.accepted += 1;
    else {
      const place = this.#placeOf(login);
      const waiting = this.#waiting.get(place) ?? new Map<RuleCount, number>();
      this.#waiting.set(place, waiting.set(count, (waiting.get(count) ?? 0) + 1));
      if (this.#waiting.size > MAX_WAITING) this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    for (const [place, counts] of this.#waiting) {
      for (const count of counts.values()) this.report.forgotten += count;
      this.#waiting.delete(place);
      return;
    }
  }

  #proveRight(login: LoggedLogin): void {
    const place = this.#placeOf(login);
    for (const [count, number] of this.#waiting.get(place) ?? []) count.rightLater += number;
    this.#waiting.delete(place);
  }

  #placeOf({ account, loginName, address }: LoggedLogin): string {
    const { prefixes } = this.#rules.guesses.knownNetworks;
    return `${(account ?? loginName).toLowerCase()} ${address === undefined ? '' : networkOf(address, prefixes)}`;
  }

  #countOf(rule: string, assumption: Assumption): RuleCount {
    const key = `${rule} ${assumption}`;
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const made: RuleCount = { rule, assumption, refused: 0, accepted: 0, rightLater: 0, observed: 0 };
    this.#counts.set(key, made);
    this.report.rules.push(made);
    return made;
  }
}

/** Rules that hold before it is looked for what is remembered. */
const BEFORE_MEMORY: ReadonlySet<string> = new Set(['denied-network', 'place', 'tls', 'relay-domain']);

function isLetInBefore({ wasRemembered }: LoggedLogin, rule: string): boolean {
  return wasRemembered && !BEFORE_MEMORY.has(rule);
}
