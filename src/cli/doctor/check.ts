import type { Facts } from './facts.ts';
import { type Finding, type NamedFinding, skipped } from './finding.ts';

/** One question about an installation, whose facts are those of a Dovecot unless told otherwise. */
export interface Check<Seen = Facts> {
  readonly name: string;
  /** Checks that must not have failed, since this one would only repeat what they found. They stand before it. */
  readonly needs?: readonly string[];
  /** What is found; several lines where several things are wrong, none where there is nothing to look at. */
  readonly find: (facts: Seen) => Finding | readonly Finding[];
}

/** Makes all checks, in their order. */
export function runChecks<Seen>(checks: readonly Check<Seen>[], facts: Seen): NamedFinding[] {
  const findings: NamedFinding[] = [];
  const causes = new Map<string, string>();
  for (const { name, needs = [], find } of checks) {
    const cause = needs.map((need) => causes.get(need)).find((one) => one !== undefined);
    const found = cause === undefined ? find(facts) : skipped(`not tried, because of "${cause}"`);
    const all = 'level' in found ? [found] : found;
    if (all.some(({ level }) => level === 'fail' || level === 'skipped')) causes.set(name, cause ?? name);
    findings.push(...all.map((finding) => ({ check: name, ...finding })));
  }
  return findings;
}
