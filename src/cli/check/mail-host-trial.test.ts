import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aMailPool, probeSettings } from '../../../test/support/mail-hosts.ts';
import { startScriptedHost } from '../../../test/support/scripted-host.ts';
import { tryMailHosts } from './mail-host-trial.ts';

describe('a check of mail hosts', () => {
  it('probes each of them once, and says what is wrong', async () => {
    const answers = [[/CAPABILITY/, '* CAPABILITY IMAP4\r\na OK\r\n']] as const;
    await using good = await startScriptedHost({ greeting: '* OK\r\n', answers });
    await using bad = await startScriptedHost({ greeting: '* BYE full\r\n', answers });
    const hosts = [good, bad].map(({ port }) => ({ host: '127.0.0.1', port, weight: 1 }));
    const probe = { settings: probeSettings({ protocol: 'imap' }), intervalMs: 1000 };
    const pools = [aMailPool({ name: 'imap', protocols: ['imap'], hosts, probe })];
    const config = { pools, accountAttribute: undefined, probe: { failures: 1, successes: 1 }, lookUpDeadlineMs: 100 };
    const told: object[] = [];
    for await (const { backend, server, step, result, message } of tryMailHosts(config))
      told.push({ backend, server, step, result, message });

    const about = { backend: 'mail hosts imap', step: 'probe' };
    assert.deepEqual(told, [
      { ...about, server: `127.0.0.1 port ${good.port}`, result: 'ok', message: 'alive (imap)' },
      { ...about, server: `127.0.0.1 port ${bad.port}`, result: 'failed', message: 'greeting: * BYE full' },
    ]);
  });
});
