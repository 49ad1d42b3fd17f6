import type { AccountName } from '../../login/account-name.ts';
import type { AccountIndex } from './account-index.ts';
import { type LineRules, parsePasswdLine } from './passwd-line.ts';
import { TimeSlice } from './time-slice.ts';

/** Names and aliases that stand for something else than before, or `many` where there are too many to name. */
export type ChangedNames = ReadonlySet<AccountName> | 'many';

const MOST_CHANGED = 10_000;
const ROUND = 64;

/** Compares two states of a file line by line, in slices that leave the event loop free. */
export async function changedNames(
  before: AccountIndex,
  after: AccountIndex,
  rules: LineRules,
  mostChanged = MOST_CHANGED,
): Promise<ChangedNames> {
  const changed = new Set<AccountName>();
  const slice = new TimeSlice();
  for (const [index, other] of [
    [before, after],
    [after, before],
  ] as const) {
    for (let key = 0; key < index.keys; key += 1) {
      if (key % ROUND === 0 && slice.isUsedUp) await slice.next();
      const line = index.lineMissingIn(other, key);
      if (line === undefined) continue;
      const entry = parsePasswdLine(line, rules);
      if (entry.kind !== 'entry') continue;
      for (const name of [entry.name, ...entry.aliases]) changed.add(name);
      if (changed.size > mostChanged) return 'many';
    }
  }
  return changed;
}
