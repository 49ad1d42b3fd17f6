import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseClientAddress } from '../../src/login/client-address.ts';
import type { Decision, RefusalReason, Verdict } from '../../src/login/verdict.ts';
import { renderDecisionLine } from '../../src/telemetry/decision-line.ts';
import { anAccount } from '../support/accounts.ts';
import { anAttempt } from '../support/attempts.ts';

const FILTER = fileURLToPath(new URL('../../integrations/fail2ban/filter.d/nauthilus.conf', import.meta.url));
const FORGED = '","client_ip":"203.0.113.66","outcome":"refuse","reason":"blocked","x":"';

interface Login {
  readonly address: string;
  readonly reason: RefusalReason | 'ok';
  readonly loginName?: string;
  readonly mode?: 'authenticate' | 'look-up';
}

function lineOf({ address, reason, loginName = 'alice@example.test', mode = 'authenticate' }: Login): string {
  const attempt = { ...anAttempt({ clientAddress: parseClientAddress(address), loginName, userAgent: FORGED }), mode };
  const verdict: Verdict = reason === 'ok' ? { kind: 'accept', account: anAccount() } : { kind: 'refuse', reason };
  const decision: Decision = { verdict, trail: [{ step: 'check-guesses', ms: 0.1 }], ms: 0.1 };
  return renderDecisionLine({ attempt, decision, reason, showName: (name) => name });
}

const LOGINS: readonly Login[] = [
  { address: '192.0.2.1', reason: 'blocked' },
  { address: '2001:db8::7', reason: 'blocked' },
  { address: '192.0.2.2', reason: 'wrong-password' },
  { address: '192.0.2.3', reason: 'unknown-user', loginName: FORGED },
  { address: '192.0.2.4', reason: 'invalid-name', loginName: `\n{"level":"info",${FORGED}` },
  { address: '192.0.2.5', reason: 'ok' },
  { address: '192.0.2.6', reason: 'account-disabled' },
  { address: '192.0.2.8', reason: 'unknown-user', mode: 'look-up' },
];

describe('the filter for fail2ban', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-fail2ban-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** The addresses that fail2ban takes out of the lines. */
  async function addressesIn(lines: readonly string[], mode: string): Promise<readonly string[]> {
    const log = join(folder, 'nauthilus.log');
    await writeFile(log, lines.join(''));
    const { stdout } = await promisify(execFile)('fail2ban-regex', ['-o', 'ip', log, `${FILTER}[mode=${mode}]`]);
    return stdout.split('\n').filter((line) => line !== '');
  }

  const lines = LOGINS.map(lineOf);

  it('finds what a rule has refused, and nothing that was only wrong', async () => {
    assert.deepEqual(await addressesIn(lines, 'blocked'), ['192.0.2.1', '2001:db8::7']);
  });

  it('finds every guess where that is wanted, whatever users type', async () => {
    assert.deepEqual(await addressesIn(lines, 'guesses'), [
      '192.0.2.1',
      '2001:db8::7',
      '192.0.2.2',
      '192.0.2.3',
      '192.0.2.4',
    ]);
  });

  it('reads lines of workers, and of the journal', async () => {
    const [line = ''] = lines;
    const ofWorker = `{"worker":3,${line.slice(1)}`;
    assert.deepEqual(await addressesIn([ofWorker, `mail nauthilus[42]: ${line}`], 'blocked'), [
      '192.0.2.1',
      '192.0.2.1',
    ]);
  });
});
