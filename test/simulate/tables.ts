import type { Result } from './simulate.ts';

/** What is shown of a result, column by column. */
export const COLUMNS: Readonly<Record<string, (result: Result) => string>> = {
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

/** Results as a table of plain text. */
export function renderTable(results: readonly Result[]): string {
  const rows = [Object.keys(COLUMNS), ...results.map((result) => Object.values(COLUMNS).map((show) => show(result)))];
  const widths = Object.keys(COLUMNS).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .map((line) => `${line}\n`)
    .join('');
}
