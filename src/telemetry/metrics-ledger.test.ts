import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metrics } from './metrics.ts';
import { MetricsLedger } from './metrics-ledger.ts';

function worker(answers: number, backendReady: number): Metrics {
  const metrics = new Metrics('1.2.3');
  for (let i = 0; i < answers; i += 1) metrics.countAnswer('json', 200);
  metrics.addGauge('waiting', 'Waiting.', () => 2);
  metrics.addGauge('backend_ready', 'Ready.', () => backendReady, { backend: 'a' });
  metrics.addGauge('host_state', 'State.', () => 1 - backendReady, { state: 'down' });
  return metrics;
}

describe('the metrics of several processes', () => {
  it('are summed, of what is ready the least, of states the greatest, of what names the version one', async () => {
    const text = await new MetricsLedger().render([await worker(3, 1).snapshot(), await worker(4, 0).snapshot()]);

    assert.match(text, /^nauthilus_http_answers_total\{door="json",status="200"\} 7$/m);
    assert.match(text, /^nauthilus_waiting 4$/m);
    assert.match(text, /^nauthilus_backend_ready\{backend="a"\} 0$/m);
    assert.match(text, /^nauthilus_host_state\{state="down"\} 1$/m);
    assert.match(text, /^nauthilus_build_info\{version="1\.2\.3",node="[^"]+"\} 1$/m);
  });

  it('hold what those counted that are no more, but not their gauges', async () => {
    const ledger = new MetricsLedger();
    const [one, two, three] = [worker(1, 0), worker(10, 0), worker(100, 1)];
    await Promise.all([ledger.retire(await one.snapshot()), ledger.retire(await two.snapshot())]);
    const running = [await three.snapshot()];

    for (let i = 0; i < 2; i += 1) {
      const text = await ledger.render(running);
      assert.match(text, /^nauthilus_http_answers_total\{door="json",status="200"\} 111$/m);
      assert.match(text, /^nauthilus_waiting 2$/m);
      assert.match(text, /^nauthilus_backend_ready\{backend="a"\} 1$/m);
    }
  });

  it('have the times of all in one histogram', async () => {
    const [one, two] = [new Metrics('1'), new Metrics('1')];
    const ledger = new MetricsLedger();
    const accept = { mode: 'authenticate', outcome: 'accept', reason: 'ok', protocol: 'imap' } as const;
    one.countDecision(accept, 0.002);
    two.countDecision(accept, 0.2);
    await ledger.retire(await one.snapshot());
    const text = await ledger.render([await two.snapshot()]);

    assert.match(text, /^nauthilus_decision_seconds_bucket\{le="0\.005",mode="authenticate",outcome="accept"\} 1$/m);
    assert.match(text, /^nauthilus_decision_seconds_count\{mode="authenticate",outcome="accept"\} 2$/m);
  });
});
