import type { Events } from '../../src/telemetry/events.ts';
import { HostAddresses } from '../../src/wire/mail-hosts/host-addresses.ts';
import { MailHosts } from '../../src/wire/mail-hosts/mail-hosts.ts';
import type { MailPoolConfig } from '../../src/wire/mail-hosts/mail-hosts-config.ts';

/** Mail hosts that nobody probes; the attribute `mailHost` names an account's own. Names have no addresses. */
export function someMailHosts(pools: readonly MailPoolConfig[], events: Events): MailHosts {
  const now = () => performance.now();
  const lookUp = () => Promise.reject(new Error('no such name'));
  const addresses = new HostAddresses({ lookUp, deadlineMs: 100, lifetimeMs: 1000, now });
  const probe = { intervalMs: 1000, deadlineMs: 100, failures: 1, successes: 1 };
  const config = { pools, accountAttribute: 'mailHost', probe };
  return new MailHosts(config, { addresses, probe: async () => ({ kind: 'alive' }), events, now });
}
