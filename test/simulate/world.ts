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
import type { Block } from '../../src/state/blocks.ts';
import { MemoryBlocks } from '../../src/state/memory/memory-blocks.ts';
import { MemoryCounters } from '../../src/state/memory/memory-counters.ts';
import { Ledger, type Login } from './ledger.ts';
import { createRandom } from './random.ts';

/** What a process takes without a line of configuration. */
const MEMORY = { accounts: 128 << 20, networks: 64 << 20, blocks: 100_000 } as const;
const BEGINNING_MS = Date.UTC(2030, 0, 7);

/** Somebody who acts now and then. */
export interface Actor {
  /** When it acts next, in milliseconds since the beginning; infinite where never again. */
  readonly nextAtMs: number;
  act(world: World): void;
}

/** Blocks that are told to the ledger. */
class ToldBlocks extends MemoryBlocks {
  onBlock: (block: Block) => void = () => {};

  override put(block: Block): undefined {
    this.onBlock(block);
    super.put(block);
  }
}

/** A mail system with its accounts, its clock and its protection. */
export class World {
  readonly ledger = new Ledger();
  readonly random: () => number;
  readonly #passwords = new Map<string, string>();
  readonly #decide: Decide;
  readonly #accounts: MemoryCounters;
  readonly #networks: MemoryCounters;
  readonly #blocks: ToldBlocks;
  readonly #signal = new AbortController().signal;
  #nowMs = 0;
  #login: Login | undefined;
  #mostBytes = 0;

  constructor(rules: ProtectionConfig, seed = 1) {
    this.random = createRandom(seed);
    const clock = () => this.#nowMs;
    this.#accounts = new MemoryCounters(MEMORY.accounts, clock);
    this.#networks = new MemoryCounters(MEMORY.networks, clock);
    this.#blocks = new ToldBlocks(MEMORY.blocks, () => BEGINNING_MS + this.#nowMs);
    this.#blocks.onBlock = (block) => this.ledger.blocked(block);
    const guard = new GuessGuard({
      rules: rules.guesses,
      markers: new PasswordMarkers(Secret.fromText(`seed ${seed}`)),
      accounts: this.#accounts,
      networks: this.#networks,
      blocks: this.#blocks,
      now: () => BEGINNING_MS + this.#nowMs,
      ticks: clock,
      pause: () => Promise.resolve(),
      isShared: false,
    });
    this.#decide = createDecide({
      backends: [this.#openBackend()],
      protection: { rules, guard, pace: new RefusalPace(0) },
      answersDisabledLookups: new Set(),
      deadline: () => this.#signal,
      now: clock,
    });
  }

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs;
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

  login(login: Login, protocol = 'imap'): Verdict {
    this.#login = login;
    const decision = this.#decide({
      session: 'simulated',
      mode: 'authenticate',
      caller: 'dovecot',
      loginName: login.account,
      password: Secret.fromText(login.password),
      protocol: protocol as Protocol,
      mechanism: 'plain',
      clientAddress: login.address as ClientAddress,
    });
    if (decision instanceof Promise) throw new Error('nothing in memory takes time');
    const isRight = this.#passwords.get(login.account) === login.password;
    this.ledger.decided(login, isRight, decision.verdict, this.#nowMs);
    for (const { rules } of decision.trail)
      for (const { rule, network } of rules ?? []) this.ledger.told(rule, network);
    this.#mostBytes = Math.max(this.#mostBytes, this.#accounts.bytes + this.#networks.bytes);
    return decision.verdict;
  }

  /** Lets everybody act in turn until the end. */
  run(actors: readonly Actor[], untilMs: number): void {
    const queue = new ActorQueue(actors);
    for (let actor = queue.first; actor !== undefined && actor.nextAtMs < untilMs; actor = queue.first) {
      this.#nowMs = Math.max(this.#nowMs, actor.nextAtMs);
      actor.act(this);
      queue.moved();
    }
  }

  #openBackend(): Backend {
    const accounts = new Map<string, Account>();
    const accountOf = (name: AccountName): Account => {
      const account = accounts.get(name) ?? {
        name,
        backend: 'simulated',
        accountField: 'user',
        attributes: {},
        isDisabled: false,
      };
      accounts.set(name, account);
      return account;
    };
    return {
      name: 'simulated',
      type: 'simulated',
      verifyPassword: ({ name, password }) => {
        const right = this.#passwords.get(name);
        const isRight = right === password.reveal().toString();
        if (this.#login !== undefined) this.ledger.asked(this.#login, isRight, this.#nowMs);
        if (right === undefined) return { kind: 'unknown-user' };
        return { kind: isRight ? 'verified' : 'wrong-password', account: accountOf(name) };
      },
      lookUpAccount: () => ({ kind: 'unknown-user' }),
      async *listAccounts() {},
      health: () => ({ isReady: true, detail: '' }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}

/** A binary heap of actors by when they act next. */
class ActorQueue {
  readonly #heap: Actor[];

  constructor(actors: readonly Actor[]) {
    // A sorted list is a heap.
    this.#heap = actors.toSorted((a, b) => a.nextAtMs - b.nextAtMs);
  }

  get first(): Actor | undefined {
    return this.#heap[0];
  }

  /** The first acts at another time now. */
  moved(): void {
    const heap = this.#heap;
    for (let parent = 0; ; ) {
      let earliest = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        const actor = heap[child];
        if (actor !== undefined && actor.nextAtMs < (heap[earliest] as Actor).nextAtMs) earliest = child;
      }
      if (earliest === parent) return;
      [heap[parent], heap[earliest]] = [heap[earliest] as Actor, heap[parent] as Actor];
      parent = earliest;
    }
  }
}
