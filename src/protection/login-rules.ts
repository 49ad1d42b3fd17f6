import type { AccountName } from '../login/account-name.ts';
import type { Attempt } from '../login/attempt.ts';
import type { NetworkSet } from './network-set.ts';
import type { RuleMode } from './rule-mode.ts';

/** Whose attempts no rule looks at. */
export interface Exemptions {
  readonly networks: NetworkSet;
  readonly callers: ReadonlySet<string>;
}

export interface DeniedNetworksRule {
  readonly mode: RuleMode;
  readonly networks: NetworkSet;
}

export interface TlsRule {
  readonly mode: RuleMode;
  /** From where a login may come without TLS. */
  readonly exemptNetworks: NetworkSet;
}

export interface RelayDomainsRule {
  readonly mode: RuleMode;
  readonly domains: readonly string[];
  /** Names of backends whose accounts' domains are served, too. */
  readonly from?: readonly string[];
}

/** Domains that backends have accounts of. Never throws. */
export interface ServedDomains {
  /** `undefined` while that is not known. */
  has(domain: string): boolean | undefined;
}

export function isExempt({ clientAddress, caller }: Attempt, { networks, callers }: Exemptions): boolean {
  return callers.has(caller) || networks.has(clientAddress);
}

/** Whether the client's password came in the clear although it should not. */
export function lacksTls({ tls, clientAddress }: Attempt, { exemptNetworks }: TlsRule): boolean {
  return tls === undefined && !exemptNetworks.has(clientAddress);
}

/**
 * Whether a name is of a domain that is not served. Names without a domain are of none; without any domains all are served, and
 * while it is not known what backends have.
 */
export function isForeign(
  name: AccountName,
  { domains, from = [] }: RelayDomainsRule,
  served?: ServedDomains,
): boolean {
  if (domains.length === 0 && from.length === 0) return false;
  const domain = domainOf(name);
  if (domain === undefined || isOfDomain(domain, domains)) return false;
  return from.length === 0 || served?.has(domain) === false;
}

/** The domain of a name in canonical form; the last of several. */
export function domainOf(name: AccountName): string | undefined {
  const at = name.lastIndexOf('@');
  return at < 0 ? undefined : canonicalDomain(name.slice(at + 1));
}

/** Whether a domain is one of those. `*.example.test` stands for all domains below it. */
export function isOfDomain(domain: string | undefined, domains: readonly string[]): boolean {
  if (domain === undefined) return false;
  return domains.some((one) => (one.startsWith('*.') ? domain.endsWith(one.slice(1)) : domain === one));
}

/** A domain in the form in which domains are compared: ASCII (RFC 5891), lower case, no dot at its end. */
export function canonicalDomain(text: string): string {
  const plain = text.replace(/\.$/, '').toLowerCase();
  if (/^[\x21-\x7e]*$/.test(plain)) return plain;
  return (
    URL.parse(`http://${plain.replace(/^\*\./, '')}/`)?.hostname.replace(/^/, plain.startsWith('*.') ? '*.' : '') ??
    plain
  );
}
