import type { AccountName } from '../../login/account-name.ts';
import type { RblRule } from './address-lists.ts';
import { accountKeyOf } from '../account-key.ts';
import { type DeniedNetworksRule, domainOf, isOfDomain, type RelayDomainsRule, type TlsRule } from '../login-rules.ts';
import type { PlacesRule } from './places.ts';

/** The rules that keep a login out whatever its password is. */
export interface LoginRules {
  readonly deniedNetworks: DeniedNetworksRule;
  readonly tls: TlsRule;
  readonly relayDomains: RelayDomainsRule;
  readonly rbl: RblRule;
  readonly places: PlacesRule;
}

/** What is otherwise for some accounts. */
export interface Override {
  readonly name: string;
  /** As `accountKeyOf` gives them. */
  readonly accounts: ReadonlySet<string>;
  readonly domains: readonly string[];
  readonly rules: LoginRules;
  readonly isSparedByNetworks: boolean;
}

/** Which rules are for whom: the first override that has the name holds, alone. */
export class Overrides {
  readonly all: readonly Override[];

  constructor(all: readonly Override[]) {
    this.all = all;
  }

  find(name: AccountName | undefined): Override | undefined {
    if (this.all.length === 0 || name === undefined) return undefined;
    const key = accountKeyOf(name);
    const domain = domainOf(name);
    return this.all.find(({ accounts, domains }) => accounts.has(key) || isOfDomain(domain, domains));
  }

  /** Whether rules that look at networks leave an account alone. */
  spares(name: AccountName): boolean {
    return this.find(name)?.isSparedByNetworks === true;
  }
}

/** The rules for a name: those of an override, or those for all. */
export function rulesFor(
  all: LoginRules & { readonly overrides: Overrides },
  name: AccountName | undefined,
): LoginRules {
  return all.overrides.find(name)?.rules ?? all;
}
