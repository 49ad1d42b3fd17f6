/** A process of its own that hits counters as fast as it can and prints how many were let through; see counters-processes.test.ts. */
import { noHurry } from '../../src/state/conformance/harness.ts';
import { configFor, openReadyState } from './support/shared-state.ts';

const [, , socket = '', counters = '', limit = '', hits = ''] = process.argv;
await using state = await openReadyState(configFor({ kind: 'socket', path: socket }, { commandTimeoutMs: 5000 }));
const through: Record<string, number> = {};
for (let round = 0; round < Number(hits); round += 1) {
  await Promise.all(
    Array.from({ length: Number(counters) }, async (_, number) => {
      const owner = `account:${number}`;
      const member = number % 2 === 0 ? undefined : `${process.pid} ${round}`;
      const counter = { owner, name: 'failures', windowMs: 600_000, limit: Number(limit), member };
      const counted = await state.counters.hit(counter, noHurry);
      if (counted.kind === 'unavailable') throw new Error(counted.detail);
      if (!counted.isOver) through[owner] = (through[owner] ?? 0) + 1;
    }),
  );
}
process.stdout.write(JSON.stringify(through));
