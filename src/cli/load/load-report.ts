import type { LoadReport } from './load-tally.ts';

/** The result for people. */
export function renderLoadReport(report: LoadReport): string {
  const { asked, seconds, per_second: rate, answers, latency } = report;
  const lines = [
    `${report.interrupted ? 'interrupted: ' : ''}${asked} asked in ${seconds} s, ${rate}/s`,
    `  accepted ${answers.accepted}, refused ${answers.refused}, deferred ${answers.deferred}, failed ${answers.failed}`,
    `  as expected ${report.as_expected}, not as expected ${report.mismatched}, without expectation ${report.without_expectation}`,
    `latency in ms: p50 ${latency.p50_ms}, p90 ${latency.p90_ms}, p99 ${latency.p99_ms}, max ${latency.max_ms}`,
    ...renderBuckets(report),
    ...renderMismatches(report),
  ];
  return `${lines.join('\n')}\n`;
}

const BAR = 40;

function renderBuckets({ latency: { buckets } }: LoadReport): string[] {
  const most = Math.max(...buckets.map(({ count }) => count));
  const first = buckets.findIndex(({ count }) => count > 0);
  const last = buckets.findLastIndex(({ count }) => count > 0);
  if (first < 0) return [];
  return buckets.slice(first, last + 1).map(({ up_to_ms: upTo, count }) => {
    const label = upTo === null ? 'longer' : `<= ${upTo}`;
    const bar = '#'.repeat(Math.ceil((count / most) * BAR));
    return `  ${label.padStart(9)} ${String(count).padStart(10)} ${bar}`.trimEnd();
  });
}

function renderMismatches({ mismatches, mismatched }: LoadReport): string[] {
  if (mismatched === 0) return [];
  const rows = mismatches.map(
    ({ row, line, username, expected, found }) =>
      `  row ${row} (line ${line}) ${JSON.stringify(username)}: expected ${expected}, found ${found}`,
  );
  const more = mismatched - mismatches.length;
  return ['not as expected:', ...rows, ...(more > 0 ? [`  and ${more} more`] : [])];
}
