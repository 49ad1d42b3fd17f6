import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../daemons/redis.ts';

const PROGRAM = fileURLToPath(new URL('counting-process.ts', import.meta.url));
const COUNTERS = 20;
const LIMIT = 37;
const HITS = 25;
const PROCESSES = 4;

async function countInProcess(socket: string): Promise<Readonly<Record<string, number>>> {
  const args = [PROGRAM, socket, String(COUNTERS), String(LIMIT), String(HITS)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(await text(child.stdout));
}

describe('counters of several processes on one Redis', () => {
  it('let exactly as many through as the limit says, of hits and of members', async () => {
    await using server = await startRedis();

    const counts = await Promise.all(Array.from({ length: PROCESSES }, () => countInProcess(server.socket)));

    for (let number = 0; number < COUNTERS; number += 1) {
      const through = counts.map((count) => count[`account:${number}`] ?? 0);
      assert.equal(
        through.reduce((sum, own) => sum + own, 0),
        LIMIT,
        `${through.join(' and ')} for counter ${number}`,
      );
    }
  });
});
