/** `npm run simulate`: lives through scenarios and prints what came of each. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/load.ts';
import { missedBars } from './bars.ts';
import { renderPage } from './page.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { withRedis } from './shared.ts';
import { type Result, type Run, simulate, simulateShared, standardProtection } from './simulate.ts';
import { renderTable } from './tables.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    redis: { type: 'boolean', default: false },
    html: { type: 'string' },
    config: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
const chosen = SCENARIOS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
);
const rules =
  values.config === undefined ? standardProtection() : (await loadConfig(values.config, process.env)).protection;
const run: Run = { scale: values.full ? 'full' : values.redis ? 'tiny' : 'small', rules, seed: Number(values.seed) };

const results: Result[] = [];
for (const scenario of chosen) {
  process.stderr.write(`${scenario.name}\n`);
  const result = values.redis
    ? await withRedis((redis) => simulateShared(scenario, redis, run))
    : await simulate(scenario, run);
  results.push(result);
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
}
if (!values.json) process.stdout.write(renderTable(results));
if (values.html !== undefined) await writeFile(values.html, renderPage(results, chosen));
for (const result of results) {
  for (const missed of missedBars(result)) {
    process.stderr.write(`${result.scenario}: ${missed}\n`);
    process.exitCode = 1;
  }
}
