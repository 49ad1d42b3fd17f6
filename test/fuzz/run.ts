/**
 * `npm run fuzz`: gives each parser of bytes that anybody may send a million inputs, and says what came of it. Ends with 1 where
 * something went wrong.
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz-run.ts';
import { TARGETS } from './targets.ts';

const USUAL_RUNS = 1_000_000;
/** What stays of parsers and tables that were compiled and filled late. */
const MAX_GROWN_BYTES = 8 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    runs: { type: 'string', default: String(USUAL_RUNS) },
    seed: { type: 'string', default: String(randomInt(2 ** 30)) },
  },
});
const chosen = TARGETS.filter(({ name }) => values.only === undefined || values.only.includes(name));
const runs = Number(values.runs);
const seed = Number(values.seed);
if (chosen.length === 0 || !Number.isSafeInteger(runs) || !Number.isSafeInteger(seed)) {
  process.stderr.write(
    `usage: npm run fuzz -- [--only NAME]… [--runs N] [--seed N]; names: ${TARGETS.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}
let failed = 0;
for (const target of chosen) {
  const report = await fuzz(target, { runs, seed });
  const { name, ms, taken, grownBytes, problem } = report;
  const hasGrown = grownBytes > MAX_GROWN_BYTES;
  if (problem !== undefined || hasGrown) failed += 1;
  const kib = Math.round(grownBytes / 1024);
  process.stdout.write(
    `${name.padEnd(14)} ${String(report.runs).padStart(8)} inputs  ${(ms / 1000).toFixed(1).padStart(7)} s  ${String(taken).padStart(7)} taken  heap ${kib} KiB${hasGrown ? ' (has grown)' : ''}  repeat: npm run fuzz -- --only ${name} --runs ${runs} --seed ${seed}\n`,
  );
  if (problem !== undefined) process.stdout.write(`  ${problem.replaceAll('\n', '\n  ')}\n`);
}
process.exit(failed === 0 ? 0 : 1);
