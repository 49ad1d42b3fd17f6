import type { Config } from '../config/config.ts';
import { HostAddresses, systemLookUp } from '../wire/mail-hosts/host-addresses.ts';
import { MailHosts } from '../wire/mail-hosts/mail-hosts.ts';
import { probeTcp } from '../wire/mail-hosts/probe.ts';
import type { Frame } from './frame.ts';

/** For so long a host's address is used without a look at its name. */
const ADDRESS_LIFETIME_MS = 30_000;

/** Opens the mail hosts; they are probed from now on, and no login waits for that. */
export function openMailHosts(config: Config, { events, metrics }: Frame, building: AsyncDisposableStack): MailHosts {
  const now = () => performance.now();
  const { deadlineMs } = config.mailHosts.probe;
  const addresses = new HostAddresses({ lookUp: systemLookUp, deadlineMs, lifetimeMs: ADDRESS_LIFETIME_MS, now });
  const mailHosts = building.use(new MailHosts(config.mailHosts, { addresses, probe: probeTcp, events, now }));
  for (const { pool, host } of mailHosts.hosts) {
    const labels = { pool, host: `${host.host}:${host.port}` };
    const read = () => (host.isAlive ? 1 : 0);
    building.use(metrics.addGauge('mail_host_ready', '1 where a mail host takes connections.', read, labels));
  }
  void mailHosts.watch();
  return mailHosts;
}
