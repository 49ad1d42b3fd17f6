import type Type from 'typebox';
import type { ResolveContext } from '../../config/fields.ts';
import { parseAccountName } from '../../login/account-name.ts';
import { accountKeyOf } from '../account-key.ts';
import { canonicalDomain } from '../login-rules.ts';
import { type LoginRules, type Override, Overrides } from './overrides.ts';
import type { OverrideSchema } from './override-schema.ts';
import type { PlacesRule } from './places.ts';
import { countrySet } from './resolve-places.ts';

type RawOverride = Type.Static<typeof OverrideSchema>;

export function resolveOverrides(raw: readonly RawOverride[], rules: LoginRules, context: ResolveContext): Overrides {
  return new Overrides(raw.map((one, i) => resolveOverride(one, rules, context.at(`overrides[${i}]`))));
}

function resolveOverride(raw: RawOverride, rules: LoginRules, context: ResolveContext): Override {
  if (raw.accounts.length === 0 && raw.domains.length === 0)
    context.problem('', 'needs accounts, domains or both: without them it is for nobody');
  const accounts = raw.accounts.flatMap((text, i) => {
    const name = parseAccountName(text);
    if (name === undefined) context.problem(`accounts[${i}]`, 'cannot be the name of an account');
    return name === undefined ? [] : [accountKeyOf(name)];
  });
  return {
    name: raw.name,
    accounts: new Set(accounts),
    domains: raw.domains.map(canonicalDomain),
    rules: {
      deniedNetworks: { ...rules.deniedNetworks, ...modeOf(raw.denied_networks) },
      tls: { ...rules.tls, ...modeOf(raw.tls) },
      relayDomains: { ...rules.relayDomains, ...modeOf(raw.relay_domains) },
      rbl: { ...rules.rbl, ...modeOf(raw.rbl) },
      places: placesOf(raw, rules.places),
    },
    isSparedByNetworks: raw.exempt_from_network_rules,
  };
}

function modeOf<Mode>(mode: Mode | undefined): { readonly mode?: Mode } {
  return mode === undefined ? {} : { mode };
}

function placesOf(raw: RawOverride, places: PlacesRule): PlacesRule {
  const { allow_countries: allowed, deny_countries: denied, allow_asns, deny_asns } = raw;
  return {
    ...places,
    ...modeOf(raw.places),
    ...(allowed === undefined ? {} : { allowedCountries: countrySet(allowed) }),
    ...(denied === undefined ? {} : { deniedCountries: countrySet(denied) }),
    ...(allow_asns === undefined ? {} : { allowedAsns: new Set(allow_asns) }),
    ...(deny_asns === undefined ? {} : { deniedAsns: new Set(deny_asns) }),
  };
}
