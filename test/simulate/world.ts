import type { Backend } from '../../src/backends/backend.ts';
import { createDecide, type Decide } from '../../src/decision/authenticate.ts';
import { GuessGuard } from '../../src/decision/guesses/guess-guard.ts';
import { RefusalPace } from '../../src/decision/guesses/refusal-pace.ts';
import type { Account } from '../../src/login/account.ts';
import type { AccountName } from '../../src/login/account-name.ts';
import type { ClientAddress } from '../../src/login/client-address.ts';
import type { Protocol } from '../../src/login/protocol.ts';
import { Secret } from '../../src/login/secret.ts';
import type { Verdict } from '../../src/login/verdict.ts';
import { PasswordMarkers } from '../../src/protection/password-markers.ts';
import type { ProtectionConfig } from '../../src/protection/protection-config.ts';
import type { SimulatedClock } from './clocks.ts';
import { Ledger, type Login } from './ledger.ts';
import { createRandom } from './random.ts';
import type { Stores } from './stores.ts';

/** Somebody who acts now and then. */
export interface Actor {
  /** When it acts next, in milliseconds since the beginning; infinite where never again. */
  readonly nextAtMs: number;
  /** It acts again although it has not been answered yet, where others may act meanwhile too. */
  readonly isImpatient?: boolean;
  /** It acts until it is done, also after the end where that comes before on a busy machine. */
  readonly isToFinish?: boolean;
  act(world: World): Promise<void>;
}

export interface WorldParts {
  readonly rules: ProtectionConfig;
  readonly seed: number;
  readonly clock: SimulatedClock;
  readonly stores: Stores;
}

/** Processes that answer where the stores are shared; each is started anew now and then. */
const SHARING = 2;
const RESTART_MS = 8 * 60 * 60 * 1000;

/** A mail system with its accounts, its clock and its protection. */
export class World {
  readonly ledger = new Ledger();
  readonly random: () => number;
  readonly #parts: WorldParts;
  readonly #passwords = new Map<string, string>();
  readonly #accounts = new Map<string, Account>();
  /** Logins that are under way, by their session. */
  readonly #underWay = new Map<string, { readonly login: Login; readonly sinceMs: number }>();
  readonly #signal = new AbortController().signal;
  #processes: readonly Decide[] = [];
  #startedAt = 0;
  #made = 0;
  #mostBytes = 0;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    this.random = createRandom(parts.seed);
    parts.stores.blocks.onBlock = (block) => this.ledger.blocked(block);
    this.#start();
  }

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return this.#parts.clock.nowMs;
  }

  /** Most bytes that counters were taken to have. */
  get mostBytes(): number {
    return this.#mostBytes;
  }

  addAccount(name: string, password: string): void {
    this.#passwords.set(name, password);
  }

  passwordOf(name: string): string {
    return this.#passwords.get(name) ?? '';
  }

  async login(login: Login, protocol = 'imap'): Promise<Verdict> {
    this.#made += 1;
    const session = String(this.#made);
    this.#underWay.set(session, { login, sinceMs: this.nowMs });
    const decided = this.#process()({
      session,
      mode: 'authenticate',
      caller: 'dovecot',
      loginName: login.account,
      password: Secret.fromText(login.password),
      protocol: protocol as Protocol,
      mechanism: 'plain',
      clientAddress: login.address as ClientAddress,
    });
    const { verdict, trail } = decided instanceof Promise ? await decided : decided;
    this.#underWay.delete(session);
    const isRight = this.#passwords.get(login.account) === login.password;
    this.ledger.decided(login, isRight, verdict, this.nowMs);
    for (const { rules } of trail) for (const { rule, network } of rules ?? []) this.ledger.told(rule, network);
    this.#mostBytes = Math.max(this.#mostBytes, this.#parts.stores.bytes);
    return verdict;
  }

  /** Lets everybody act in turn until the end. */
  async run(actors: readonly Actor[], untilMs: number): Promise<void> {
    await this.#parts.clock.run(this, actors, untilMs);
  }

  /** The process that answers next. */
  #process(): Decide {
    if (this.#parts.stores.isShared && this.nowMs - this.#startedAt >= RESTART_MS) this.#start();
    const process = this.#processes[this.#made % this.#processes.length];
    if (process === undefined) throw new Error('no process answers');
    return process;
  }

  #start(): void {
    this.#startedAt = this.nowMs;
    this.#processes = Array.from({ length: this.#parts.stores.isShared ? SHARING : 1 }, () => this.#startOne());
  }

  #startOne(): Decide {
    const { rules, seed, clock, stores } = this.#parts;
    const guard = new GuessGuard({
      rules: rules.guesses,
      spares: (name) => rules.overrides.spares(name),
      markers: new PasswordMarkers(Secret.fromText(`seed ${seed}`)),
      accounts: stores.accounts,
      networks: stores.networks,
      blocks: stores.blocks,
      now: () => clock.wallMs,
      ticks: () => clock.ticksMs,
      pause: (ms) => clock.pause(ms),
      isShared: stores.isShared,
    });
    return createDecide({
      backends: [this.#openBackend()],
      protection: { rules, guard, pace: new RefusalPace(0) },
      answersDisabledLookups: new Set(),
      deadline: () => this.#signal,
      now: () => clock.ticksMs,
    });
  }

  #accountOf(name: AccountName): Account {
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    const account = { name, backend: 'simulated', accountField: 'user', attributes: {}, isDisabled: false };
    this.#accounts.set(name, account);
    return account;
  }

  #openBackend(): Backend {
    return {
      name: 'simulated',
      type: 'simulated',
      verifyPassword: ({ name, password, attempt }) => {
        const right = this.#passwords.get(name);
        const isRight = right === password.reveal().toString();
        const made = this.#underWay.get(attempt.session);
        if (made !== undefined) this.ledger.asked(made.login, isRight, { sinceMs: made.sinceMs, atMs: this.nowMs });
        if (right === undefined) return { kind: 'unknown-user' };
        return { kind: isRight ? 'verified' : 'wrong-password', account: this.#accountOf(name) };
      },
      lookUpAccount: () => ({ kind: 'unknown-user' }),
      async *listAccounts() {},
      health: () => ({ isReady: true, detail: '' }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}
