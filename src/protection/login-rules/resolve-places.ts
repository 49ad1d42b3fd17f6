import type Type from 'typebox';
import type { ResolveContext } from '../../config/fields.ts';
import type { LoginRules } from './overrides.ts';
import type { PlacesSchema } from './place-schema.ts';
import { holdsNothing, type PlacesRule } from './places.ts';

type RawPlaces = Type.Static<typeof PlacesSchema>;

/** Absolute paths of files in MaxMind DB form; none where nobody needs them. */
export type PlaceDatabases = readonly string[];

export function resolvePlaces(raw: RawPlaces): PlacesRule {
  return {
    mode: raw.mode,
    allowedCountries: countrySet(raw.allow_countries),
    deniedCountries: countrySet(raw.deny_countries),
    allowedAsns: new Set(raw.allow_asns),
    deniedAsns: new Set(raw.deny_asns),
    refusesUnknown: raw.refuse_unknown,
  };
}

export function countrySet(codes: readonly string[]): ReadonlySet<string> {
  return new Set(codes.map((code) => code.toUpperCase()));
}

/** @param all the rules for everybody and those of overrides; nothing is read where none of them looks */
export function resolveDatabases(
  raw: RawPlaces,
  all: readonly Pick<LoginRules, 'places'>[],
  context: ResolveContext,
): PlaceDatabases {
  if (all.every(({ places }) => places.mode === 'off')) return [];
  if (raw.databases.length === 0)
    context.problem('databases', 'is empty: without a file nobody can tell where an address is');
  if (all.every(({ places }) => holdsNothing(places)))
    context.problem('mode', 'does nothing: neither countries nor autonomous systems are allowed or denied');
  return raw.databases.map((file) => context.resolvePath(file));
}
