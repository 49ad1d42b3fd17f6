import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
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

/** Microseconds for one look-up of a name that was not asked for before. */
function timeLookUps(backend: Backend, accounts: number): number {
  const step = Math.floor(accounts / 9973) * 2 + 1;
  const queries = Array.from({ length: 10_000 }, (_, i) => {
    const name = accountName(`user${(i * step) % accounts}@example.test`);
    return { name, attempt: aLookUp(name) };
  });
  const started = performance.now();
  for (const query of queries) assert.equal((backend.lookUpAccount(query, SIGNAL) as { kind: string }).kind, 'found');
  return ((performance.now() - started) * 1000) / queries.length;
}

describe('a file of a million accounts', () => {
  it('loads within seconds without holding up the event loop, and is looked up as fast as a small one', async (t) => {
    const [small, large] = [await fileOf(10_000), await fileOf(MILLION)];
    await using few = await openFile(small);
    const rssBefore = process.memoryUsage().rss;
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const started = performance.now();
    await using many = await openFile(large);
    const seconds = (performance.now() - started) / 1000;
    delay.disable();
    const rssMib = (process.memoryUsage().rss - rssBefore) / MIB;
    timeLookUps(few, 10_000);
    const fewMicros = timeLookUps(few, 10_000);
    const manyMicros = timeLookUps(many, MILLION);
    const p99 = delay.percentile(99) / 1e6;
    t.diagnostic(
      `${seconds.toFixed(1)} s, ${rssMib.toFixed(0)} MiB, event loop p99 ${p99.toFixed(1)} ms, max ${(delay.max / 1e6).toFixed(1)} ms, ` +
        `look-up ${manyMicros.toFixed(1)} µs (of ten thousand, known ones: ${fewMicros.toFixed(1)} µs)`,
    );

    assert.match(many.health().detail, /^1000000 accounts from /);
    assert.ok(seconds < 20, `${seconds} s`);
    assert.ok(rssMib < 1024, `${rssMib} MiB`);
    assert.ok(p99 < 50, `${p99} ms`);
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
