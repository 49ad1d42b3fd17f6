import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { aProtection } from '../../../test/support/protection.ts';
import { type LogLine, readLogLines } from './log-lines.ts';
import { parseLoggedLogin } from './logged-login.ts';
import { type ReplayReport, replayLog, type RuleCount } from './replay-log.ts';
import { renderReplay } from './replay-report.ts';
import type { Assumption } from './rules-in-replay.ts';

const BEGINNING_MS = Date.UTC(2030, 0, 7);
const MEMORY = { accounts: 1 << 24, networks: 1 << 24, blocks: 1000 };

interface Said {
  readonly atMs?: number;
  readonly account?: string;
  readonly ip?: string;
  readonly more?: object;
}

function line(outcome: string, reason: string, { atMs = 0, account = 'a@x.test', ip, more }: Said = {}): string {
  const time = new Date(BEGINNING_MS + atMs).toISOString();
  const whose = { caller: 'mx', mode: 'authenticate', protocol: 'imap', mechanism: 'plain', login_name: account };
  const said = reason === 'unknown-user' || reason === 'blocked' ? {} : { account };
  return JSON.stringify({
    time,
    session: 'S',
    ...whose,
    ...said,
    client_ip: ip ?? '192.0.2.7',
    tls: true,
    outcome,
    reason,
    ...more,
  });
}

function times(count: number, make: (n: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

async function replayed(texts: readonly string[], settings: object = {}): Promise<ReplayReport> {
  async function* lines() {
    for (const [i, text] of texts.entries()) yield await Promise.resolve({ number: i + 1, text });
  }
  return replayLog(lines(), { rules: aProtection(settings), memory: MEMORY });
}

function countOf(report: ReplayReport, rule: string, assumption: Assumption): RuleCount | undefined {
  return report.rules.find((one) => one.rule === rule && one.assumption === assumption);
}

describe('a replay', () => {
  it('bounds what would have been refused by what wrong passwords may have been', async () => {
    const report = await replayed(
      times(100, (n) => line('refuse', 'wrong-password', { atMs: n * 60_000, ip: `10.${n}.0.1` })),
    );

    assert.equal(countOf(report, 'account', 'different')?.refused, 50);
    assert.equal(countOf(report, 'account', 'repeated'), undefined);
    assert.equal(countOf(report, 'account', 'sprayed'), undefined);
  });

  it('finds spraying where all wrong passwords are taken for one', async () => {
    const report = await replayed(
      times(40, (n) =>
        line('refuse', 'wrong-password', { atMs: n * 1000, account: `u${n}@x.test`, ip: `192.0.2.${n}` }),
      ),
      { network_rules: 'enforce', networks: [] },
    );

    assert.equal(countOf(report, 'spraying', 'sprayed')?.refused, 20);
    assert.equal(countOf(report, 'spraying', 'different'), undefined);
  });

  it('runs by the clock of the log: a window passes', async () => {
    const report = await replayed(
      times(100, (n) => line('refuse', 'wrong-password', { atMs: n * 3_600_000, ip: `10.${n}.0.1` })),
    );

    assert.deepEqual(report.rules, []);
    assert.equal(report.to, new Date(BEGINNING_MS + 99 * 3_600_000).toISOString());
  });

  it('says which refused logins proved right later, and which were right at once', async () => {
    const settings = {
      networks: [
        {
          name: 'strict',
          window: '10m',
          limit: 2,
          block: '10m',
          longest_block: '10m',
          ipv4_prefix: 32,
          ipv6_prefix: 64,
        },
      ],
    };
    const report = await replayed(
      [
        ...times(5, (n) => line('refuse', 'wrong-password', { atMs: n * 1000, account: `u${n}@x.test` })),
        line('accept', 'ok', { atMs: 6000, account: 'b@x.test' }),
        line('accept', 'ok', { atMs: 3_600_000, account: 'u3@x.test' }),
      ],
      settings,
    );

    const { refused, accepted, rightLater } = countOf(report, 'strict', 'repeated') ?? assert.fail('no count');
    assert.deepEqual([refused, accepted, rightLater], [4, 1, 1]);
    assert.deepEqual(report.ownersRefused, { different: 1, repeated: 1, sprayed: 1 });
    assert.deepEqual(
      report.owners.map((owner) => [owner.line, owner.account, owner.rule]),
      [[6, 'b@x.test', 'strict']],
    );
  });

  it('says what was kept out then and would not be now', async () => {
    const kept = times(60, (n) => line('refuse', 'blocked', { atMs: n * 1000, ip: `10.${n}.0.1` }));
    const report = await replayed(kept);

    assert.equal(report.keptOut, 60);
    assert.deepEqual(report.letThrough, { different: 50, repeated: 60, sprayed: 60 });
    assert.match(
      renderReplay(report),
      /let through now: 50 if all different, 60 if one per account, 60 if one for all/,
    );
  });

  it('lets in what was remembered, as the service does before it counts, but not what is denied', async () => {
    const wrong = times(60, (n) => line('refuse', 'wrong-password', { atMs: n, ip: `10.${n}.0.1` }));
    const known = line('accept', 'ok', { atMs: 1000, ip: '10.99.0.1', more: { source: 'memory' } });

    assert.equal((await replayed([...wrong, known])).ownersRefused.different, 0);
    const denied = { denied_networks: { networks: ['10.99.0.0/16'] } };
    assert.equal((await replayed([...wrong, known], denied)).ownersRefused.different, 1);
  });

  it('counts nothing of what was deferred', async () => {
    const report = await replayed(times(200, (n) => line('defer', 'backend-unavailable', { atMs: n })));

    assert.deepEqual([report.logins, report.rules], [200, []]);
  });

  it('spares accounts that the configuration spares', async () => {
    const wrong = times(40, (n) => line('refuse', 'wrong-password', { atMs: n * 1000 }));
    const networks = [
      { name: 'strict', window: '10m', limit: 2, block: '10m', longest_block: '10m', ipv4_prefix: 32, ipv6_prefix: 64 },
    ];
    const overrides = [{ name: 'school', accounts: ['a@x.test'], exempt_from_network_rules: true }];

    assert.equal(countOf(await replayed(wrong, { networks }), 'strict', 'different')?.refused, 38);
    assert.equal(countOf(await replayed(wrong, { networks, overrides }), 'strict', 'different'), undefined);
  });

  it('tells what rules that only look on would have told', async () => {
    const report = await replayed(
      times(60, (n) => line('refuse', 'wrong-password', { atMs: n, ip: `10.${n}.0.1` })),
      { accounts: { mode: 'observe' } },
    );

    const { refused, observed } = countOf(report, 'account', 'different') ?? assert.fail('no count');
    assert.deepEqual([refused, observed], [0, 10]);
  });

  it('counts broken lines, names the first with their numbers, and goes on', async () => {
    const report = await replayed([
      'not JSON',
      '[1]',
      JSON.stringify({ mode: 'authenticate', outcome: 'accept', reason: 'ok' }),
      line('accept', 'ok', { ip: '192.0.2' }),
      JSON.stringify({ level: 'info', msg: 'ready' }),
      ...times(30, () => '{'),
      line('accept', 'ok'),
    ]);

    assert.deepEqual([report.lines, report.broken, report.other, report.logins], [36, 34, 1, 1]);
    assert.deepEqual(
      report.brokenLines.slice(0, 4).map(({ line: number, problem }) => `${number} ${problem}`),
      ['1 is not a JSON object', '2 is not a JSON object', '3 has no time', '4 has no address as client_ip'],
    );
    assert.match(renderReplay(report), /line 1 is not a JSON object[^]*and 14 more/);
  });

  it('takes any text for a line and never fails', async () => {
    const fields = fc.record(
      {
        mode: fc.constantFrom('authenticate', 'look-up', 7),
        outcome: fc.constantFrom('accept', 'refuse', 'defer', 'x'),
        reason: fc.constantFrom('ok', 'wrong-password', 'unknown-user', 'account-disabled', 'invalid-name', ''),
        time: fc.constantFrom('2030-01-07T00:00:00.000Z', '', 'x'),
        login_name: fc.string(),
        account: fc.string(),
        master: fc.string(),
        client_ip: fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fields, fc.json()), { minLength: 50, maxLength: 100 }), async (made) => {
        const texts = made.map((one) => JSON.stringify(one));
        const report = await replayed(texts);

        assert.equal(report.logins, texts.filter((text) => parseLoggedLogin(text).kind === 'login').length);
        assert.equal(report.logins + report.other + report.broken, texts.length);
      }),
      { numRuns: 20 },
    );
  });
});

describe('lines of a log', () => {
  it('are read one by one, the last without a line feed too, and none that is longer than 1 MiB', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nauthilus-replay-'));
    try {
      const file = join(folder, 'log');
      await writeFile(file, `first\n\n${'x'.repeat(3 << 20)}\nüml\r\nlast`);

      const lines: LogLine[] = [];
      for await (const one of readLogLines(file)) lines.push(one);

      assert.deepEqual(lines, [
        { number: 1, text: 'first' },
        { number: 3, text: undefined },
        { number: 4, text: 'üml' },
        { number: 5, text: 'last' },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
