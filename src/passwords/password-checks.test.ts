import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../login/secret.ts';
import { hashPassword } from './hash-password.ts';
import { PasswordChecks } from './password-checks.ts';
import { type CostlyAlgorithm, HashingFailedError } from './scheme.ts';
import { parseStoredPassword } from './stored-password.ts';
import { UsableHash } from './usable-hash.ts';

const never = new AbortController().signal;
const password = Secret.fromText('secret');

/** A costly hash whose computations end when the test says so. */
class HeldHash {
  readonly seen: Buffer[] = [];
  readonly #held: PromiseWithResolvers<boolean>[] = [];
  readonly hash: UsableHash;

  constructor() {
    const algorithm: CostlyAlgorithm = {
      name: 'HELD',
      cost: 'costly',
      check: (_raw, form) => {
        this.seen.push(form);
        const held = Promise.withResolvers<boolean>();
        this.#held.push(held);
        return held.promise;
      },
    };
    this.hash = new UsableHash(algorithm, 'HELD', '');
  }

  async finish(result: boolean | Error): Promise<void> {
    const held = this.#held.shift();
    assert.ok(held);
    if (typeof result === 'boolean') held.resolve(result);
    else held.reject(result);
    await settled();
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function usable(stored: string): UsableHash {
  const hash = parseStoredPassword(stored, 'PLAIN');
  assert.ok(hash.kind === 'hash');
  return hash;
}

test('a cheap hash is checked at once, even where all places are taken', () => {
  const checks = new PasswordChecks({ concurrency: 0, maxQueue: 0 });

  assert.equal(checks.check(usable('{PLAIN}secret'), password, never), 'match');
  assert.equal(checks.check(usable('{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='), password, never), 'match');
  assert.equal(checks.check(usable('{PLAIN}other'), password, never), 'mismatch');
});

test('each form of a password is tried, and all of them whichever matches', async () => {
  const latin1 = Secret.fromLatin1('Gr\u00fc\u00df');
  const decomposed = Secret.fromText('Gru\u0308ß');
  const checks = new PasswordChecks({ concurrency: 1, maxQueue: 0 });
  const held = new HeldHash();

  assert.equal(checks.check(usable('{PLAIN.hex}4772fcdf'), latin1, never), 'match');
  assert.equal(checks.check(usable('{PLAIN}Grüß'), latin1, never), 'match');
  assert.equal(checks.check(usable('{PLAIN}Grüß'), decomposed, never), 'match');
  const result = checks.check(held.hash, latin1, never);
  await held.finish(true);
  await held.finish(false);

  assert.equal(await result, 'match');
  assert.deepEqual(held.seen, latin1.revealForms());
});

test('costly checks run a few at a time and wait in order of arrival; over the bound they are unavailable', async () => {
  const checks = new PasswordChecks({ concurrency: 1, maxQueue: 2 });
  const [first, second, third, fourth] = [new HeldHash(), new HeldHash(), new HeldHash(), new HeldHash()] as const;
  const results = [first, second, third].map(async (held) => checks.check(held.hash, password, never));

  assert.deepEqual([checks.running, checks.queued], [1, 2]);
  assert.deepEqual(checks.check(fourth.hash, password, never), {
    kind: 'unavailable',
    overloaded: true,
    detail: '2 password checks wait already',
  });
  await first.finish(true);
  assert.deepEqual([checks.running, checks.queued, second.seen.length, third.seen.length], [1, 1, 1, 0]);
  await second.finish(false);
  await third.finish(true);

  assert.deepEqual(await Promise.all(results), ['match', 'mismatch', 'match']);
  assert.deepEqual([checks.running, checks.queued], [0, 0]);
});

test('a check that waits leaves the queue when its signal fires, and is never computed', async () => {
  const checks = new PasswordChecks({ concurrency: 1, maxQueue: 1 });
  const [running, waiting, next] = [new HeldHash(), new HeldHash(), new HeldHash()] as const;
  const giveUp = new AbortController();
  const runs = checks.check(running.hash, password, never);
  const waits = checks.check(waiting.hash, password, giveUp.signal);

  giveUp.abort();

  assert.deepEqual(await waits, {
    kind: 'unavailable',
    overloaded: false,
    detail: 'the password check was given up while it waited for its turn',
  });
  assert.equal(checks.queued, 0);
  const takesThePlace = checks.check(next.hash, password, never);
  await running.finish(true);
  await next.finish(true);
  assert.deepEqual([await runs, await takesThePlace, waiting.seen.length], ['match', 'match', 0]);
});

test('a check that computes is given up at once, but keeps its place until the computation ends', async () => {
  const checks = new PasswordChecks({ concurrency: 1, maxQueue: 1 });
  const [abandoned, next] = [new HeldHash(), new HeldHash()] as const;
  const giveUp = new AbortController();
  const result = checks.check(abandoned.hash, Secret.fromLatin1('Gr\u00fc\u00df'), giveUp.signal);
  const waits = checks.check(next.hash, password, never);

  giveUp.abort();

  assert.match(JSON.stringify(await result), /"unavailable","overloaded":false,.*while it computed/);
  assert.deepEqual([checks.running, checks.queued, next.seen.length], [1, 1, 0]);
  await abandoned.finish(true);
  assert.equal(abandoned.seen.length, 1, 'the second form is not computed for nobody');
  await next.finish(true);
  assert.equal(await waits, 'match');
});

test('a signal that fired before is unavailable without any work', () => {
  const checks = new PasswordChecks({ concurrency: 1, maxQueue: 0 });
  const held = new HeldHash();

  assert.match(JSON.stringify(checks.check(held.hash, password, AbortSignal.abort())), /unavailable/);
  assert.equal(held.seen.length, 0);
});

test('a hash that could not be computed is unavailable, not a mismatch; a bug is thrown', async () => {
  const checks = new PasswordChecks({ concurrency: 1, maxQueue: 1 });
  const held = new HeldHash();
  const failed = checks.check(held.hash, password, never);
  const broken = Promise.resolve(checks.check(held.hash, password, never));
  broken.catch(() => {});

  await held.finish(new HashingFailedError('no memory'));
  await held.finish(new TypeError('a bug'));

  assert.deepEqual(await failed, { kind: 'unavailable', overloaded: false, detail: 'no memory' });
  await assert.rejects(broken, TypeError);
  assert.equal(checks.running, 0);
});

test('whatever arrives, ends and is given up, the bounds hold and every check settles', async () => {
  const step = fc.constantFrom('check', 'check', 'finish', 'give up');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const checks = new PasswordChecks({ concurrency: 2, maxQueue: 3 });
      const held = new HeldHash();
      const results: unknown[] = [];
      const controllers: AbortController[] = [];
      for (const action of steps) {
        if (action === 'check') {
          const controller = new AbortController();
          controllers.push(controller);
          results.push(checks.check(held.hash, password, controller.signal));
        } else if (action === 'give up') controllers.shift()?.abort();
        else if (checks.running > 0) await held.finish(true);
        assert.ok(checks.running <= 2 && checks.queued <= 3);
        assert.ok(checks.queued === 0 || checks.running === 2);
      }
      while (checks.running > 0) await held.finish(true);
      assert.equal(checks.queued, 0);
      assert.equal((await Promise.all(results)).length, results.length);
    }),
    { numRuns: 200 },
  );
});

test('64 Argon2 checks at once leave the event loop responsive', async () => {
  const hash = usable(await hashPassword(password));
  const checks = new PasswordChecks({ maxQueue: 64 });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();

  const results = await Promise.all(Array.from({ length: 64 }, async () => checks.check(hash, password, never)));

  delay.disable();
  assert.ok(results.every((result) => result === 'match'));
  // Computed on the loop they would hold it for more than a second; the bound leaves room for a busy machine.
  assert.ok(delay.max < 400e6, `longest delay of the event loop: ${delay.max / 1e6} ms`);
});
