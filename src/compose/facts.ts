import type { Backend } from '../backends/backend.ts';
import type { Config } from '../config/config.ts';
import type { Protection } from '../decision/authenticate.ts';
import { ListedDomains } from '../decision/listed-domains.ts';
import { type AddressFacts, type AddressFactsParts, openAddressFacts } from './address-facts.ts';

/** What login rules want to know from elsewhere. */
export type Facts = AddressFacts & Pick<Protection, 'servedDomains'>;

/** @throws {ConfigError} where a file cannot be used */
export async function openFacts(
  config: Config,
  backends: readonly Backend[],
  parts: AddressFactsParts,
): Promise<Facts> {
  return { ...(await openAddressFacts(config, parts)), servedDomains: openDomains(config, backends, parts) };
}

function openDomains(
  { protection }: Config,
  backends: readonly Backend[],
  { events, building }: AddressFactsParts,
): ListedDomains | undefined {
  const { from = [] } = protection.relayDomains;
  const rules = [protection, ...protection.overrides.all.map((one) => one.rules)];
  if (from.length === 0 || rules.every(({ relayDomains }) => relayDomains.mode === 'off')) return undefined;
  const sources = backends.filter(({ name }) => from.includes(name));
  const what = 'served domains';
  const domains = new ListedDomains({
    sources,
    refreshMs: protection.domainsRefreshMs,
    onRead: (record) => ('error' in record ? events.reloadRefused(what, record) : events.reloaded(what, record)),
  });
  return building.use(domains);
}
