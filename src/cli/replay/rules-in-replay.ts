import type { Backend } from '../../backends/backend.ts';
import { createDecide, type Decide } from '../../decision/authenticate.ts';
import { GuessGuard } from '../../decision/guesses/guess-guard.ts';
import { RefusalPace } from '../../decision/guesses/refusal-pace.ts';
import { Secret } from '../../login/secret.ts';
import type { RuleFinding, Verdict } from '../../login/verdict.ts';
import { PasswordMarkers } from '../../protection/password-markers.ts';
import type { Places } from '../../protection/login-rules/places.ts';
import type { ProtectionConfig } from '../../protection/protection-config.ts';
import { MemoryBlocks } from '../../state/memory/memory-blocks.ts';
import { MemoryCounters } from '../../state/memory/memory-counters.ts';
import type { LoggedLogin } from './logged-login.ts';

/**
 * No password is in a log. What is taken for granted of those that were wrong bounds what the rules would have done:
 * `different` each another one, `repeated` one for each account, `sprayed` one for all accounts.
 */
export const ASSUMPTIONS = ['different', 'repeated', 'sprayed'] as const;
export type Assumption = (typeof ASSUMPTIONS)[number];

/** What a process may take of memory for it; as the service's own settings. */
export interface ReplayMemory {
  readonly accounts: number;
  readonly networks: number;
  readonly blocks: number;
}

/** What is tried. */
export interface ReplayParts {
  readonly rules: ProtectionConfig;
  readonly memory: ReplayMemory;
  /** Knows where addresses are; no rule looks at that where absent. */
  readonly places?: Places | undefined;
}

export interface Replayed {
  readonly verdict: Verdict;
  readonly findings: readonly RuleFinding[];
}

/** Decides logins of a log by the real rules, at the times of the log. */
export class RulesInReplay {
  readonly #assumption: Assumption;
  readonly #decide: Decide;
  #login: LoggedLogin | undefined;
  #nowMs = 0;
  #made = 0;

  constructor({ rules, memory, places }: ReplayParts, assumption: Assumption) {
    this.#assumption = assumption;
    const now = () => this.#nowMs;
    const guard = new GuessGuard({
      rules: rules.guesses,
      spares: (name) => rules.overrides.spares(name),
      markers: new PasswordMarkers(Secret.fromText('the same at every replay')),
      accounts: new MemoryCounters(memory.accounts, now),
      networks: new MemoryCounters(memory.networks, now),
      blocks: new MemoryBlocks(memory.blocks, now),
      now,
      ticks: now,
      pause: () => Promise.resolve(),
      isShared: false,
    });
    const { signal } = new AbortController();
    this.#decide = createDecide({
      backends: [this.#openBackend()],
      protection: { rules, places, guard, pace: new RefusalPace(0) },
      answersDisabledLookups: new Set(),
      deadline: () => signal,
      now,
    });
  }

  /** Logins come in the order of the log; a time before the last one is taken for the last one. */
  async decide(login: LoggedLogin): Promise<Replayed> {
    this.#login = login;
    this.#nowMs = Math.max(this.#nowMs, login.atMs);
    this.#made += 1;
    const decided = this.#decide({
      session: login.session,
      mode: 'authenticate',
      caller: login.caller,
      loginName: login.loginName,
      password: Secret.fromText(this.#passwordOf(login)),
      protocol: login.protocol,
      mechanism: login.mechanism,
      clientAddress: login.address,
      tls: login.isTls ? {} : undefined,
    });
    const { verdict, trail } = decided instanceof Promise ? await decided : decided;
    return { verdict, findings: trail.flatMap(({ rules }) => rules ?? []) };
  }

  #passwordOf({ password, account, loginName }: LoggedLogin): string {
    const whose = account ?? loginName;
    switch (password) {
      case 'right':
        return `right ${whose}`;
      case 'empty':
        return '';
      case 'unusable':
        return '\0';
      case 'wrong':
      case 'unlooked':
        return this.#wrongPassword(whose);
    }
  }

  #wrongPassword(whose: string): string {
    switch (this.#assumption) {
      case 'different':
        return `wrong ${this.#made}`;
      case 'repeated':
        return `wrong ${whose}`;
      case 'sprayed':
        return 'wrong';
    }
  }

  #openBackend(): Backend {
    return {
      name: 'log',
      type: 'log',
      verifyPassword: () => this.#login?.answer ?? { kind: 'unknown-user' },
      lookUpAccount: () => ({ kind: 'unknown-user' }),
      async *listAccounts() {},
      health: () => ({ isReady: true, detail: '' }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}
