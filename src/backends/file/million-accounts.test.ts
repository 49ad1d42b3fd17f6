import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { accountName } from '../../../test/support/accounts.ts';
import { aLookUp } from '../../../test/support/attempts.ts';
import { PasswordChecks } from '../../passwords/password-checks.ts';
import type { Backend } from '../backend.ts';
import { openFileBackend } from './file-backend.ts';
import { defaultFileBackend } from './file-config.ts';

const MILLION = 1_000_000;
const MIB = 1024 * 1024;
const SIGNAL = new AbortController().signal;

const HASH = '{SSHA512}' + Buffer.alloc(80, 7).toString('base64');

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nauthilus-million-'));
});
after(async () => {
  await rm(folder, { recursive: true });
});

async function fileOf(accounts: number): Promise<string> {
  const path = join(folder, `accounts-${accounts}`);
  const file = createWriteStream(path);
  for (let start = 0; start < accounts; start += 1000) {
    const lines = Array.from({ length: Math.min(1000, accounts - start) }, (_, i) => line(start + i));
    if (!file.write(lines.join(''))) await new Promise((resolve) => file.once('drain', () => resolve(undefined)));
  }
  await new Promise<void>((resolve) => file.end(() => resolve()));
  return path;
}

function line(number: number): string {
  const alias = number % 10 === 0 ? ` alias=alias${number}@example.test` : '';
  return `user${number}@example.test:${HASH}:5000:5000::/var/mail/${number}::quota_rule=*:storage=1G${alias}\n`;
}

function openFile(path: string): Promise<Backend> {
  const parts = { checks: new PasswordChecks(), onReloaded: () => undefined, onReloadRefused: () => undefined };
  return openFileBackend('accounts', defaultFileBackend(path), parts);
}

/** Microseconds of CPU for one look-up of a name that was not asked for before. */
function timeLookUps(backend: Backend, accounts: number): number {
  const step = Math.floor(accounts / 9973) * 2 + 1;
  const queries = Array.from({ length: 10_000 }, (_, i) => {
    const name = accountName(`user${(i * step) % accounts}@example.test`);
    return { name, attempt: aLookUp(name) };
  });
  const before = process.threadCpuUsage();
  for (const query of queries) assert.equal((backend.lookUpAccount(query, SIGNAL) as { kind: string }).kind, 'found');
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / queries.length;
}

/**
 * Stretches of work between turns of the event loop, in CPU time of this thread: what others do on a busy machine does not count.
 */
class Stretches {
  #count = 0;
  #over = 0;
  #longestMs = 0;
  #last = process.threadCpuUsage();
  #isOver = false;

  constructor() {
    const look = () => {
      const now = process.threadCpuUsage();
      const ms = (now.user + now.system - this.#last.user - this.#last.system) / 1000;
      this.#last = now;
      this.#count += 1;
      this.#longestMs = Math.max(this.#longestMs, ms);
      if (ms > 10) this.#over += 1;
      if (!this.#isOver) setImmediate(look);
    };
    setImmediate(look);
  }

  end(): { longestMs: number; shareOver: number } {
    this.#isOver = true;
    return { longestMs: this.#longestMs, shareOver: this.#over / this.#count };
  }
}

describe('a file of a million accounts', () => {
  it('loads within seconds without holding up the event loop, and is looked up as fast as a small one', async (t) => {
    const [small, large] = [await fileOf(10_000), await fileOf(MILLION)];
    await using few = await openFile(small);
    const rssBefore = process.memoryUsage().rss;
    const stretches = new Stretches();
    const before = process.cpuUsage();
    await using many = await openFile(large);
    const { user, system } = process.cpuUsage(before);
    const seconds = (user + system) / 1e6;
    const { longestMs, shareOver } = stretches.end();
    const rssMib = (process.memoryUsage().rss - rssBefore) / MIB;
    timeLookUps(few, 10_000);
    const fewMicros = timeLookUps(few, 10_000);
    const manyMicros = timeLookUps(many, MILLION);
    t.diagnostic(
      `${seconds.toFixed(1)} s CPU, ${rssMib.toFixed(0)} MiB, longest stretch ${longestMs.toFixed(1)} ms CPU, over 10 ms ${(shareOver * 100).toFixed(2)} %, ` +
        `look-up ${manyMicros.toFixed(1)} µs (of ten thousand, known ones: ${fewMicros.toFixed(1)} µs)`,
    );

    assert.match(many.health().detail, /^1000000 accounts from /);
    assert.ok(seconds < 20, `${seconds} s`);
    assert.ok(rssMib < 1024, `${rssMib} MiB`);
    assert.ok(shareOver < 0.01, `${shareOver} of all stretches`);
    assert.ok(longestMs < 100, `${longestMs} ms`);
    assert.ok(manyMicros < 200, `${manyMicros} µs`);
    await checkNames(many);
  });
});

async function checkNames(backend: Backend): Promise<void> {
  const lookUp = (name: string) => backend.lookUpAccount({ name: accountName(name), attempt: aLookUp(name) }, SIGNAL);
  const byAlias = await lookUp('alias777770@example.test');
  assert.equal(byAlias.kind === 'found' && byAlias.account.name, 'user777770@example.test');
  assert.equal((await lookUp('alias777771@example.test')).kind, 'unknown-user');
  assert.equal((await lookUp(`user${MILLION}@example.test`)).kind, 'unknown-user');

  let listed = 0;
  for await (const page of backend.listAccounts(SIGNAL)) listed += page.length;
  assert.equal(listed, MILLION);
}
