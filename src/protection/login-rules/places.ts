import type { ClientAddress } from '../../login/client-address.ts';
import type { RuleMode } from '../rule-mode.ts';

/** Where an address is: country as ISO 3166-1 code of two letters, number of the autonomous system. */
export interface Place {
  readonly country: string | undefined;
  readonly asn: number | undefined;
}

/** Knows where addresses are. Never throws. */
export interface Places {
  placeOf(address: ClientAddress): Place;
}

export interface PlacesRule {
  readonly mode: RuleMode;
  readonly allowedCountries: ReadonlySet<string>;
  readonly deniedCountries: ReadonlySet<string>;
  readonly allowedAsns: ReadonlySet<number>;
  readonly deniedAsns: ReadonlySet<number>;
  readonly refusesUnknown: boolean;
}

export function holdsNothing(rule: PlacesRule): boolean {
  const { allowedCountries, deniedCountries, allowedAsns, deniedAsns } = rule;
  return [allowedCountries, deniedCountries, allowedAsns, deniedAsns].every(({ size }) => size === 0);
}

/** Whether nobody may log in from a place: what is denied comes before what is allowed. */
export function isOutOfPlace({ country, asn }: Place, rule: PlacesRule): boolean {
  const { allowedCountries, deniedCountries, allowedAsns, deniedAsns } = rule;
  if (has(deniedCountries, country) || has(deniedAsns, asn)) return true;
  if (allowedCountries.size === 0 && allowedAsns.size === 0) return false;
  if (has(allowedCountries, country) || has(allowedAsns, asn)) return false;
  // Where nothing is known of what is asked for, the database is at fault, not the client.
  const isKnown = [country !== undefined && allowedCountries.size > 0, asn !== undefined && allowedAsns.size > 0];
  return isKnown.includes(true) || rule.refusesUnknown;
}

function has<Item>(set: ReadonlySet<Item>, item: Item | undefined): boolean {
  return item !== undefined && set.has(item);
}

/** A place in a few words, for operators. */
export function placeText({ country, asn }: Place): string {
  const parts = [country, asn === undefined ? undefined : `AS${asn}`].filter((part) => part !== undefined);
  return parts.length === 0 ? 'unknown' : parts.join(' ');
}
