import type { ClientAddress } from '../../src/login/client-address.ts';
import type { Verdict } from '../../src/login/verdict.ts';
import { networkOf } from '../../src/protection/network-prefix.ts';
import type { Block } from '../../src/state/blocks.ts';

export const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = DAY_MS / 24;
const KNOWN_MS = 30 * DAY_MS;
const KNOWN = { ipv4: 24, ipv6: 48 } as const;

export interface Login {
  readonly account: string;
  readonly password: string;
  readonly address: string;
  /** Who tries: an owner has to be let in, an attacker kept out. A victim is an owner whose account is attacked from beside him. */
  readonly by: 'owner' | 'attacker' | 'victim';
}

/** What a scenario came to. */
export interface Totals {
  readonly attempts: number;
  /** Most different wrong passwords of one account that reached the backend within any 24 hours. */
  readonly guesses: number;
  /** Right passwords of owners that were refused: in networks that the account was known in, and elsewhere. */
  readonly ownersRefused: number;
  readonly ownersRefusedElsewhere: number;
  readonly ownersLetIn: number;
  /** Right passwords of owners that were refused in the very network that their account is attacked from. */
  readonly victimsRefused: number;
  readonly officesBlocked: number;
  /** Most accounts of one network (/24, /48) at which one password of an attacker reached the backend within any 24 hours. */
  readonly sprayedAccounts: number;
  /** Longest that an owner was made to wait in sum before he was let in, in seconds. */
  readonly longestWaitSeconds: number;
  /** Guesses of attackers that were right and let in. */
  readonly accountsLost: number;
  /** Milliseconds from the first attempt of an attacker to the first that was refused without asking. */
  readonly msToBlock: number | undefined;
  readonly sharedAddressesTold: number;
  /** Attempts that could not be counted, since the store was away. */
  readonly uncounted: number;
  /** By hours since the beginning: attempts of attackers, and those of them that a backend was asked about. */
  readonly attackHours: readonly AttackHour[];
}

/** When a backend was asked, and when the attempt was made that it is asked for: it was counted in between. */
export interface Asking {
  readonly sinceMs: number;
  readonly atMs: number;
}

export interface AttackHour {
  attempts: number;
  asked: number;
}

/** Writes down what happens, from outside: it knows nothing of the rules. */
export class Ledger {
  readonly #offices = new Set<string>();
  readonly #wrongAt = new Map<string, Map<string, Asking>>();
  readonly #knownUntil = new Map<string, number>();
  readonly #sprayed = new Map<string, Map<string, Asking>>();
  readonly #shared = new Set<string>();
  readonly #attackHours: AttackHour[] = [];
  #attempts = 0;
  #ownersRefused = 0;
  #ownersRefusedElsewhere = 0;
  #ownersLetIn = 0;
  #victimsRefused = 0;
  #officesBlocked = 0;
  #longestWait = 0;
  #lost = 0;
  #uncounted = 0;
  #attackedAt: number | undefined;
  #blockedAt: number | undefined;

  /** All networks around an address that is an office. */
  addOffice(address: string): void {
    for (let bits = 16; bits <= (address.includes(':') ? 128 : 32); bits += 8)
      this.#offices.add(networkOf(address as ClientAddress, { ipv4: bits, ipv6: bits }) ?? '');
  }

  /** A backend is asked. */
  asked(login: Login, isRight: boolean, asking: Asking): void {
    if (login.by === 'attacker') {
      this.#noteSprayed(login, asking);
      this.#hourOf(asking.atMs).asked += 1;
    }
    if (isRight) return;
    const tried = this.#wrongAt.get(login.account) ?? new Map<string, Asking>();
    if (!tried.has(login.password)) tried.set(login.password, asking);
    this.#wrongAt.set(login.account, tried);
  }

  decided(login: Login, isRight: boolean, verdict: Verdict, nowMs: number): void {
    this.#attempts += 1;
    if (login.by === 'owner') this.#noteOwner(login, isRight, verdict, nowMs);
    else if (login.by === 'victim') this.#victimsRefused += isRight && verdict.kind !== 'accept' ? 1 : 0;
    else this.#noteAttacker(verdict, nowMs);
  }

  blocked(block: Block): void {
    if (this.#offices.has(block.network ?? '')) this.#officesBlocked += 1;
  }

  told(rule: string, network: string | undefined): void {
    if (rule === 'shared-address') this.#shared.add(network ?? '');
    if (rule === 'state-unavailable') this.#uncounted += 1;
  }

  waited(seconds: number): void {
    this.#longestWait = Math.max(this.#longestWait, seconds);
  }

  get totals(): Totals {
    return {
      attempts: this.#attempts,
      guesses: [...this.#wrongAt.values()].reduce((most, tried) => Math.max(most, mostWithinADay(tried)), 0),
      ownersRefused: this.#ownersRefused,
      ownersRefusedElsewhere: this.#ownersRefusedElsewhere,
      ownersLetIn: this.#ownersLetIn,
      victimsRefused: this.#victimsRefused,
      officesBlocked: this.#officesBlocked,
      sprayedAccounts: [...this.#sprayed.values()].reduce((most, tried) => Math.max(most, mostWithinADay(tried)), 0),
      longestWaitSeconds: this.#longestWait,
      accountsLost: this.#lost,
      msToBlock:
        this.#attackedAt === undefined || this.#blockedAt === undefined
          ? undefined
          : this.#blockedAt - this.#attackedAt,
      sharedAddressesTold: this.#shared.size,
      uncounted: this.#uncounted,
      attackHours: this.#attackHours,
    };
  }

  #noteSprayed({ account, password, address }: Login, asking: Asking): void {
    const key = `${networkOf(address as ClientAddress, KNOWN)} ${password}`;
    const accounts = this.#sprayed.get(key) ?? new Map<string, Asking>();
    if (!accounts.has(account)) accounts.set(account, asking);
    this.#sprayed.set(key, accounts);
  }

  #noteOwner({ account, address }: Login, isRight: boolean, verdict: Verdict, nowMs: number): void {
    if (!isRight) return;
    const place = `${account} ${networkOf(address as ClientAddress, KNOWN)}`;
    if (verdict.kind === 'accept') {
      this.#ownersLetIn += 1;
      this.#knownUntil.set(place, nowMs + KNOWN_MS);
    } else if ((this.#knownUntil.get(place) ?? 0) > nowMs) this.#ownersRefused += 1;
    else this.#ownersRefusedElsewhere += 1;
  }

  #noteAttacker(verdict: Verdict, nowMs: number): void {
    this.#attackedAt ??= nowMs;
    this.#hourOf(nowMs).attempts += 1;
    if (verdict.kind === 'accept') this.#lost += 1;
    if (verdict.kind === 'refuse' && verdict.reason === 'blocked') this.#blockedAt ??= nowMs;
  }

  #hourOf(nowMs: number): AttackHour {
    const hour = Math.floor(nowMs / HOUR_MS);
    while (this.#attackHours.length <= hour) this.#attackHours.push({ attempts: 0, asked: 0 });
    return this.#attackHours[hour] as AttackHour;
  }
}

/** Most that were certainly counted within a day. */
function mostWithinADay(askings: ReadonlyMap<string, Asking>): number {
  const inOrder = [...askings.values()].toSorted((a, b) => a.sinceMs - b.sinceMs);
  let most = 0;
  let first = 0;
  for (const [last, { atMs }] of inOrder.entries()) {
    while (first < last && (inOrder[first] as Asking).sinceMs <= atMs - DAY_MS) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
