import ipaddr from 'ipaddr.js';
import type { ClientAddress } from '../../login/client-address.ts';
import type { NetworkSet } from '../network-set.ts';
import type { RuleMode } from '../rule-mode.ts';

/** A list of addresses in the DNS (RFC 5782). */
export interface DnsList {
  readonly name: string;
  readonly zone: string;
  /** Below zero for addresses that are welcome. */
  readonly weight: number;
  /** Answers that mean an address is listed. */
  readonly codes: NetworkSet;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

export interface RblRule {
  readonly mode: RuleMode;
  readonly threshold: number;
  readonly allowedNetworks: NetworkSet;
  /** Logins out of networks that the account is known in pass unasked. */
  readonly sparesKnownNetworks: boolean;
  readonly onFailure: 'let-in' | 'defer';
}

/** How lists are asked. */
export interface ListQuestions {
  readonly lists: readonly DnsList[];
  readonly threshold: number;
  /** Addresses of DNS servers with their ports; those of the system where empty. */
  readonly servers: readonly string[];
  readonly deadlineMs: number;
  readonly lifetimeMs: number;
  readonly maxAddresses: number;
  readonly maxLookups: number;
}

export type ListAnswer = 'listed' | 'not-listed' | 'unanswered';

/** What lists say of an address, as far as they were asked. */
export interface Standing {
  /** Sum of the weights of the lists that it is on. */
  readonly score: number;
  readonly listedOn: readonly string[];
  readonly unanswered: readonly string[];
  /** The threshold is reached, whatever is not answered. */
  readonly isOver: boolean;
  /** It may be reached, were all answered. */
  readonly mayBeOver: boolean;
}

/** Where lists are asked. Never rejected. */
export interface AddressLists {
  ask(address: ClientAddress): Standing | Promise<Standing>;
}

/** The name under which a list has an address: its octets or nibbles from the last to the first (RFC 5782 2.1, 2.4). */
export function listedName(address: ClientAddress, zone: string): string {
  if (!address.includes(':')) return `${address.split('.').reverse().join('.')}.${zone}`;
  const octets = ipaddr.IPv6.parse(address).toByteArray().reverse();
  const nibbles = octets.map((octet) => `${(octet & 15).toString(16)}.${(octet >> 4).toString(16)}`);
  return `${nibbles.join('.')}.${zone}`;
}

/** What the answers so far come to; what is not answered is open on both sides. */
export function standingOf(
  lists: readonly DnsList[],
  answers: ReadonlyMap<string, ListAnswer>,
  threshold: number,
): Standing {
  const named = (answer: ListAnswer) => lists.filter(({ name }) => (answers.get(name) ?? 'unanswered') === answer);
  const sum = (some: readonly DnsList[]) => some.reduce((total, { weight }) => total + weight, 0);
  const listed = named('listed');
  const open = named('unanswered');
  const score = sum(listed);
  return {
    score,
    listedOn: listed.map(({ name }) => name),
    unanswered: open.map(({ name }) => name),
    isOver: score + sum(open.filter(({ weight }) => weight < 0)) >= threshold,
    mayBeOver: score + sum(open.filter(({ weight }) => weight > 0)) >= threshold,
  };
}

/** Whether what is not answered yet can change nothing. */
export function isDecided({ isOver, mayBeOver }: Standing): boolean {
  return isOver || !mayBeOver;
}
