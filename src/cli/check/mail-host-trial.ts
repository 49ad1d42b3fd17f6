import type { MailHostsConfig } from '../../wire/mail-hosts/mail-hosts-config.ts';
import { HostAddresses, systemLookUp } from '../../wire/mail-hosts/host-addresses.ts';
import { probeHost } from '../../wire/mail-hosts/probes/probe.ts';
import type { TrialStep } from './online.ts';

/** Probes every mail host once, as the service would. */
export async function* tryMailHosts({ pools, lookUpDeadlineMs }: MailHostsConfig): AsyncGenerator<TrialStep> {
  const now = () => performance.now();
  const addresses = new HostAddresses({
    lookUp: systemLookUp,
    deadlineMs: lookUpDeadlineMs,
    lifetimeMs: Number.POSITIVE_INFINITY,
    now,
  });
  for (const { name, hosts, probe } of pools)
    for (const { host, port } of hosts) {
      const start = now();
      const about = { backend: `mail hosts ${name}`, server: `${host} port ${port}`, step: 'probe' };
      const address = await addresses.addressOf(host);
      const result =
        address === undefined
          ? ({ kind: 'failed', detail: 'its name has no address' } as const)
          : await probeHost({ address, port, host }, probe.settings);
      const { protocol, tls, login } = probe.settings;
      const said = [protocol, ...(tls === 'none' ? [] : [tls]), ...(login === undefined ? [] : ['login'])].join(', ');
      const found =
        result.kind === 'alive'
          ? ({ result: 'ok', message: `alive (${said})` } as const)
          : ({ result: 'failed', message: result.detail } as const);
      yield { ...about, ...found, ms: Math.round((now() - start) * 10) / 10 };
    }
}
