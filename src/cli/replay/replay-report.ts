import type { ReplayReport, RuleCount } from './replay-log.ts';
import { ASSUMPTIONS, type Assumption } from './rules-in-replay.ts';

const SAID: Readonly<Record<Assumption, string>> = {
  different: 'all different',
  repeated: 'one per account',
  sprayed: 'one for all',
};

/** A report for people. */
export function renderReplay(report: ReplayReport): string {
  const {
    lines,
    logins,
    accepted,
    keptOut,
    letThrough,
    other,
    from = '',
    to = '',
    broken,
    brokenLines,
    forgotten,
  } = report;
  const text = [
    `${lines} lines: ${logins} logins from ${from} to ${to}, ${other} others, ${broken} broken`,
    `in the log ${accepted} logins were accepted, ${keptOut} kept out by rules`,
  ];
  for (const { line, problem } of brokenLines) text.push(`  line ${line} ${problem}`);
  if (broken > brokenLines.length) text.push(`  and ${broken - brokenLines.length} more`);
  text.push('', ...ruleTable(report.rules), '', ...ownersOf(report));
  if (keptOut > 0) text.push(`kept out in the log, and let through now: ${byAssumption(letThrough)}`);
  if (forgotten > 0)
    text.push(`of ${forgotten} refused logins it is not known whether they were right later: too many`);
  return `${text.join('\n')}\n`;
}

function ruleTable(rules: readonly RuleCount[]): readonly string[] {
  if (rules.length === 0) return ['no rule would have refused a login'];
  const rows = rules
    .toSorted((a, b) => a.rule.localeCompare(b.rule) || orderOf(a) - orderOf(b))
    .map(({ rule, assumption, refused, accepted, rightLater, observed }) => [
      rule,
      SAID[assumption],
      ...[refused, accepted, rightLater, observed].map(String),
    ]);
  return alignedTable([['rule', 'wrong passwords', 'refused', 'accepted then', 'right later', 'observed'], ...rows]);
}

function orderOf({ assumption }: RuleCount): number {
  return ASSUMPTIONS.indexOf(assumption);
}

function ownersOf({ ownersRefused, owners }: ReplayReport): readonly string[] {
  const text = [`accepted logins that would have been refused: ${byAssumption(ownersRefused)}`];
  for (const { line, time, session, account, address, rule, assumptions } of owners)
    text.push(
      printable(
        `  line ${line} ${time} ${session} ${account} from ${address}: ${rule} (${assumptions.map((one) => SAID[one]).join(', ')})`,
      ),
    );
  return text;
}

function byAssumption(counts: Readonly<Record<Assumption, number>>): string {
  return ASSUMPTIONS.map((assumption) => `${counts[assumption]} if ${SAID[assumption]}`).join(', ');
}

function alignedTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** Names are what somebody typed, and terminals take orders. */
function printable(line: string): string {
  return line.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
