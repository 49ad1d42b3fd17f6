/**
 * Which host of a pool an account is sent to.
 *
 * @module
 */
import { chosenFor } from './affinity.ts';
import type { MailHost } from './mail-host.ts';

export const CHOICES = ['affinity', 'least_connections', 'weight'] as const;

export type ChoiceName = (typeof CHOICES)[number];

/** Chooses among hosts that may be chosen; `undefined` where there is none. */
export type Choice = (account: string, hosts: readonly MailHost[]) => MailHost | undefined;

/** @param loadOf how busy a host is, whatever its weight */
export function choiceBy(name: ChoiceName, loadOf: (host: MailHost) => number): Choice {
  switch (name) {
    case 'affinity':
      return chosenFor;
    case 'least_connections':
      return (account, hosts) => chosenFor(account, leastLoaded(hosts, loadOf));
    case 'weight':
      return inTurns();
  }
}

/** All that are the least busy for their weight. */
function leastLoaded(hosts: readonly MailHost[], loadOf: (host: MailHost) => number): readonly MailHost[] {
  let least = Number.POSITIVE_INFINITY;
  let found: MailHost[] = [];
  for (const host of hosts) {
    const load = loadOf(host) / host.weight;
    if (load > least) continue;
    if (load < least) found = [];
    least = load;
    found.push(host);
  }
  return found;
}

/** Each in turn, as often as its weight says, and spread as evenly as can be: smooth weighted round robin. */
function inTurns(): Choice {
  const credits = new Map<MailHost, number>();
  return (_, hosts) => {
    let chosen: MailHost | undefined;
    let most = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const host of hosts) {
      const credit = (credits.get(host) ?? 0) + host.weight;
      credits.set(host, credit);
      total += host.weight;
      if (credit <= most) continue;
      most = credit;
      chosen = host;
    }
    if (chosen !== undefined) credits.set(chosen, most - total);
    return chosen;
  };
}
