import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hasFailure, renderFindings, renderFindingsJson } from './doctor-report.ts';
import type { NamedFinding } from './finding.ts';

const FINDINGS: readonly NamedFinding[] = [
  { check: 'doveconf', level: 'ok', text: 'Dovecot reads its configuration' },
  { check: 'lua', level: 'fail', text: 'no\x1b[2J\nLua', mend: 'install it' },
  { check: 'workers', level: 'warn', text: 'one worker', mend: 'more' },
  { check: 'login', level: 'skipped', text: 'not tried' },
];

it('each finding is one line, whatever it holds', () => {
  assert.equal(
    renderFindings(FINDINGS),
    `ok   doveconf  Dovecot reads its configuration
FAIL lua       no [2J Lua. To mend: install it
warn workers   one worker. To mend: more
-    login     not tried
`,
  );
});

it('programs get the same as an object, which says whether something fails', () => {
  const report = JSON.parse(renderFindingsJson('2.3.19.1', FINDINGS)) as Record<string, unknown>;

  assert.deepEqual([report['ok'], report['dovecot']], [false, '2.3.19.1']);
  assert.deepEqual(report['findings'], FINDINGS);
  assert.ok(!hasFailure(FINDINGS.filter(({ level }) => level !== 'fail')));
});
