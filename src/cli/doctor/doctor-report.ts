import type { Level, NamedFinding } from './finding.ts';

const MARKS: Readonly<Record<Level, string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL', skipped: '-   ' };

/** One line a finding: how it ended, which check, what is so, and how to mend it. */
export function renderFindings(findings: readonly NamedFinding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(({ level, check, text, mend }) => {
    const line = `${MARKS[level]} ${check.padEnd(width)}  ${text}${mend === undefined ? '' : `. To mend: ${mend}`}`;
    return `${line.replace(/[\0-\x1f\x7f]+/g, ' ')}\n`;
  });
  return lines.join('');
}

/** The same as one object; `ok` is false where something fails. */
export function renderFindingsJson(dovecot: string, findings: readonly NamedFinding[]): string {
  const report = { ok: !hasFailure(findings), dovecot, findings };
  return `${JSON.stringify(report, null, 2)}\n`;
}

export function hasFailure(findings: readonly NamedFinding[]): boolean {
  return findings.some(({ level }) => level === 'fail');
}
