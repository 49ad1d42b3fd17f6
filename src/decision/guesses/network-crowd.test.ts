import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { anAttempt } from '../../../test/support/attempts.ts';
import { MemoryBackend } from '../../../test/support/memory-backend.ts';
import { aProtection, guarded } from '../../../test/support/protection.ts';
import type { PasswordQuery, VerifyResult } from '../../backends/backend.ts';
import type { Attempt } from '../../login/attempt.ts';
import type { ClientAddress } from '../../login/client-address.ts';
import { Secret } from '../../login/secret.ts';
import type { Decision } from '../../login/verdict.ts';

const OFFICE = '203.0.113.7';
const CROWD = 200;

/** A backend that answers when it is told to. */
class HeldBackend extends MemoryBackend {
  readonly #held = Promise.withResolvers<void>();
  asking = 0;

  constructor() {
    super(Array.from({ length: CROWD }, (_, i) => ({ name: `user${i}`, password: 'right' })));
  }

  release(): void {
    this.#held.resolve();
  }

  override async verifyPassword(query: PasswordQuery, signal: AbortSignal): Promise<VerifyResult> {
    this.asking += 1;
    await this.#held.promise;
    return super.verifyPassword(query, signal);
  }
}

function login(i: number, password = 'right'): Attempt {
  return anAttempt({
    loginName: `user${i}`,
    password: Secret.fromText(password),
    clientAddress: OFFICE as ClientAddress,
  });
}

function said({ verdict }: Decision): string {
  return verdict.kind === 'accept' ? 'accept' : verdict.kind === 'refuse' ? verdict.reason : verdict.cause;
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Passwords differ, or they would be taken for one that is tried at many accounts. */
const NO_SPRAYING = aProtection({ spraying: { mode: 'off' } });

for (const isShared of [false, true]) {
  const open = (parts: Parameters<typeof guarded>[0], config?: ReturnType<typeof aProtection>) =>
    guarded(parts, config, undefined, isShared);

  describe(`a crowd out of one address, counted ${isShared ? 'with other processes' : 'here alone'}`, () => {
    it('with right passwords is let in, however many of them are under way at once, and nothing is blocked', async () => {
      const backend = new HeldBackend();
      const { decide, blocks } = open({ backends: [backend] }, NO_SPRAYING);
      const decided = Array.from({ length: CROWD }, (_, i) => Promise.resolve(decide(login(i))));
      await turns();
      assert.ok(backend.asking < CROWD, 'all of them are asked about at once');
      backend.release();

      const outcomes = (await Promise.all(decided)).map(said);

      assert.deepEqual(new Set(outcomes), new Set(['accept']));
      assert.equal(blocks.list({ limit: 10 }).blocks.length, 0);
    });

    it('with the same right password at many accounts is let in too', async () => {
      const backend = new HeldBackend();
      const { decide } = open({ backends: [backend] });
      const decided = Array.from({ length: CROWD }, (_, i) => Promise.resolve(decide(login(i))));
      await turns();
      backend.release();

      assert.deepEqual(new Set((await Promise.all(decided)).map(said)), new Set(['accept']));
    });

    it('is let in where proofs come slowly, one after the other, and others come meanwhile', async () => {
      class SlowBackend extends HeldBackend {
        #last: Promise<unknown> = Promise.resolve();

        override verifyPassword(query: PasswordQuery, signal: AbortSignal): Promise<VerifyResult> {
          const before = this.#last;
          const proven = before.then(() => sleep(2)).then(() => super.verifyPassword(query, signal));
          this.#last = proven;
          return proven;
        }
      }
      const backend = new SlowBackend();
      backend.release();
      const { decide, blocks } = open({ backends: [backend] });
      const decided: Promise<Decision>[] = [];
      for (let i = 0; i < CROWD; i += 1) {
        decided.push(Promise.resolve(decide(login(i))));
        if (i % 10 === 0) await sleep(1);
      }

      assert.deepEqual(new Set((await Promise.all(decided)).map(said)), new Set(['accept']));
      assert.equal(blocks.list({ limit: 10 }).blocks.length, 0);
    });

    it('with wrong passwords gets no guess beyond the limit, and the network is blocked once', async () => {
      const backend = new HeldBackend();
      const { decide, blocks, clock } = open({ backends: [backend] }, NO_SPRAYING);
      const decided = Array.from({ length: CROWD }, (_, i) => Promise.resolve(decide(login(i, `wrong ${i}`))));
      await turns();
      backend.release();

      const outcomes = (await Promise.all(decided)).map(said);

      const address = NO_SPRAYING.guesses.networks[0];
      assert.ok(backend.asking <= (address?.limit ?? 0), `${backend.asking} guesses`);
      assert.equal(outcomes.filter((one) => one === 'blocked').length, CROWD - backend.asking);
      const [block] = blocks.list({ limit: 10 }).blocks;
      assert.equal(block?.untilMs, clock.now() + (address?.blockMs ?? 0), 'the block is no longer than a first one');
    });

    it('is told that nothing can be told where proofs take longer than a decision may', async () => {
      const backend = new HeldBackend();
      const late = new AbortController();
      const { decide, blocks } = open({ backends: [backend], deadline: () => late.signal }, NO_SPRAYING);
      const decided = Array.from({ length: CROWD }, (_, i) => Promise.resolve(decide(login(i))));
      await turns();
      late.abort(new Error('too late'));

      const outcomes = new Set((await Promise.all(decided)).map(said));

      assert.ok(!outcomes.has('blocked'), [...outcomes].join(', '));
      assert.equal(blocks.list({ limit: 10 }).blocks.length, 0);
    });
  });
}
