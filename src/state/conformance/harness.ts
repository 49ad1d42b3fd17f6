import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account } from '../../login/account.ts';
import { type AccountName, parseAccountName } from '../../login/account-name.ts';

/** How a suite gets at an adapter. */
export interface StateHarness<Port> {
  /** Opens a store that holds nothing yet. */
  open(): Promise<OpenState<Port>> | OpenState<Port>;
  /** Clocks of several machines: what was forgotten may be void for this long after. Default 0. */
  readonly skewMs?: number;
}

export interface OpenState<Port> extends AsyncDisposable {
  readonly port: Port;
  /** The same store as another process sees it; in memory there is only one. */
  readonly other: Port;
}

/** A signal that never fires. */
export const noHurry: AbortSignal = new AbortController().signal;

/** A name that must be one. */
export function named(text: string): AccountName {
  const name = parseAccountName(text);
  assert.ok(name !== undefined, `${text} must be a name`);
  return name;
}

export function accountOf(name: string, attributes: Account['attributes'] = {}): Account {
  return { name: named(name), backend: 'users', accountField: 'uid', attributes, isDisabled: false };
}

/** Attributes that are hard to write down. */
export const DIFFICULT_ATTRIBUTES: Account['attributes'] = {
  mail: ['maildir:~/Maildir'],
  group: ['staff', '', 'Ünï', '\u0000\r\n"\\{}', '漢字 👍'],
  none: [],
  ['__proto__'.replaceAll('_', '-')]: ['x'],
};

/** Tries until it is so: clocks that are read over a network may hold what is young for older by as long as that took. */
export async function comesTrue(isTrue: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 5000; !(await isTrue()); await sleep(10)) {
    assert.ok(Date.now() < deadline, 'not within 5 s');
  }
}
