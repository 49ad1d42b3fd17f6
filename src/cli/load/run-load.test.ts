import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ask, type LoadPlan, runLoad } from './run-load.ts';
import { renderLoadReport } from './load-report.ts';
import type { LoadRow } from './load-rows.ts';
import { LoadTally } from './load-tally.ts';

function aRow(row: number, expected: LoadRow['expected'], problem?: string): LoadRow {
  const common = { row, line: row + 1, fields: { username: `user${row}` }, expected, isLookUp: false };
  return problem === undefined ? common : { ...common, problem };
}

async function* rowsOf(count: number, make: (row: number) => LoadRow = (row) => aRow(row, 'accepted')) {
  for (let row = 1; row <= count; row += 1) yield make(row);
}

const accept: Ask = async () => ({ kind: 'accepted', detail: '200' });

async function run(parts: Partial<LoadPlan> & Pick<LoadPlan, 'rows'>, shown = 2) {
  const tally = new LoadTally(shown);
  const plan = {
    ask: accept,
    tally,
    concurrency: 4,
    rate: 0,
    signal: new AbortController().signal,
    untilMs: Number.POSITIVE_INFINITY,
    now: () => performance.now(),
    ...parts,
  };
  const started = performance.now();
  await runLoad(plan);
  return tally.report((performance.now() - started) / 1000, plan.signal.aborted);
}

describe('a run', () => {
  it('asks each row once, as many at a time as it may and no more', async () => {
    const asked = new Set<number>();
    let underWay = 0;
    let most = 0;
    const ask: Ask = async ({ row }) => {
      asked.add(row);
      underWay += 1;
      most = Math.max(most, underWay);
      await sleep(1);
      underWay -= 1;
      return { kind: 'accepted', detail: '200' };
    };
    const report = await run({ rows: rowsOf(50), ask });

    assert.equal(asked.size, 50);
    assert.equal(most, 4);
    assert.deepEqual([report.asked, report.as_expected, report.mismatched], [50, 50, 0]);
  });

  it('tells what is not as expected: wrong decisions, none at all, and rows that cannot be asked', async () => {
    const answers = ['accepted', 'refused', 'deferred', 'failed'] as const;
    const ask: Ask = async ({ row }) => ({ kind: answers[row - 1] ?? 'refused', detail: 'why' });
    const rows = rowsOf(6, (row) =>
      row === 5 ? aRow(row, undefined, 'is broken') : aRow(row, row === 6 ? undefined : 'refused'),
    );
    const report = await run({ rows, ask, concurrency: 1 }, 10);

    assert.deepEqual(report.answers, { accepted: 1, refused: 2, deferred: 1, failed: 2 });
    assert.deepEqual([report.as_expected, report.without_expectation, report.mismatched], [1, 1, 4]);
    assert.deepEqual(
      report.mismatches.map(({ row, line, expected, found }) => [row, line, expected, found]),
      [
        [1, 2, 'refused', 'accepted (why)'],
        [3, 4, 'refused', 'deferred (why)'],
        [4, 5, 'refused', 'failed (why)'],
        [5, 6, 'a decision', 'failed (is broken)'],
      ],
    );
  });

  it('keeps to its rate, and counts time that a slow service makes others wait', async () => {
    const ask: Ask = async ({ row }) => {
      if (row === 1) await sleep(200);
      return { kind: 'accepted', detail: '200' };
    };
    const report = await run({ rows: rowsOf(21), rate: 100, concurrency: 1, ask });

    assert.ok(report.seconds >= 0.2);
    assert.ok(report.latency.p50_ms > 50, `p50 ${report.latency.p50_ms}`);
    const steady = await run({ rows: rowsOf(11), rate: 100, concurrency: 4 });
    assert.ok(steady.seconds >= 0.1);
  });

  it('begins nothing more when its time is over, and gives up what is under way when it is ended', async () => {
    const endless = await run({
      rows: rowsOf(1e9),
      untilMs: performance.now() + 200,
      ask: () => sleep(1).then(() => ({ kind: 'accepted', detail: '200' })),
    });
    assert.ok(endless.asked > 0 && endless.asked < 5000);
    assert.equal(endless.interrupted, false);

    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20);
    const ended = await run({
      rows: rowsOf(1e9),
      signal: stop.signal,
      ask: async (_, signal) => {
        await sleep(60_000, undefined, { signal });
        return { kind: 'accepted', detail: '200' };
      },
    });
    assert.deepEqual([ended.asked, ended.interrupted], [0, true]);
  });
});

describe('a report', () => {
  it('shows times in buckets, and the first rows that are not as expected', async () => {
    const tally = new LoadTally(1);
    for (const [row, ms] of [0.5, 3, 3, 40, 20_000].entries())
      tally.take(aRow(row + 1, row > 2 ? 'refused' : 'accepted'), { kind: 'accepted', detail: '200' }, ms);
    const text = renderLoadReport(tally.report(2, false));

    assert.match(text, /^5 asked in 2 s, 2\.5\/s\n {2}accepted 5, refused 0, deferred 0, failed 0\n/);
    assert.match(text, /as expected 3, not as expected 2, without expectation 0/);
    assert.match(text, /p50 3[.\d]*, p90 \d+[.\d]*, p99 \d+[.\d]*, max 2\d{4}/);
    assert.match(text, / <= 1 +1 #+\n +<= 2 +0\n +<= 5 +2 #{40}\n/);
    assert.match(text, / longer +1 #+\nnot as expected:\n/);
    assert.match(text, /row 4 \(line 5\) "user4": expected refused, found accepted \(200\)\n {2}and 1 more\n$/);
  });
});
