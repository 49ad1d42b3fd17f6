/** `npm run simulate`: lives through scenarios and prints what came of each. */
import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios/all.ts';
import { type Result, simulate, standardProtection } from './simulate.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
});
const chosen = SCENARIOS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
);
const protection = standardProtection();

const COLUMNS: Readonly<Record<string, (result: Result) => string>> = {
  scenario: ({ scenario }) => scenario,
  attempts: ({ attempts }) => attempts.toLocaleString('en'),
  guesses: ({ guesses }) => String(guesses),
  'owners refused': ({ ownersRefused }) => String(ownersRefused),
  elsewhere: ({ ownersRefusedElsewhere }) => String(ownersRefusedElsewhere),
  beside: ({ victimsRefused }) => String(victimsRefused),
  'offices blocked': ({ officesBlocked }) => String(officesBlocked),
  sprayed: ({ sprayedAccounts }) => String(sprayedAccounts),
  lost: ({ accountsLost }) => String(accountsLost),
  waited: ({ longestWaitSeconds }) => `${longestWaitSeconds} s`,
  'to block': ({ msToBlock }) => (msToBlock === undefined ? '-' : `${(msToBlock / 1000).toFixed(0)} s`),
  shared: ({ sharedAddressesTold }) => String(sharedAddressesTold),
  memory: ({ bytes }) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`,
  'us each': ({ usPerAttempt }) => usPerAttempt.toFixed(1),
};

const rows = [Object.keys(COLUMNS)];
for (const scenario of chosen) {
  const result = simulate(scenario, values.full ? 'full' : 'small', protection, Number(values.seed));
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    rows.push(Object.values(COLUMNS).map((show) => show(result)));
    process.stderr.write(`${scenario.name}\n`);
  }
}
if (!values.json) process.stdout.write(renderTable(rows));

function renderTable(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .map((line) => `${line}\n`)
    .join('');
}
