import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { METRIC_PREFIX, Metrics } from './metrics.ts';

describe('the metrics', () => {
  it('all begin with one prefix', async () => {
    const metrics = new Metrics('1.2.3');
    metrics.countAnswer('json', 200);
    metrics.callers.countRejection('throttled');
    metrics.countReload('certificate', 'taken');
    metrics.addGauge('things', 'Things.', () => 1);

    for (const line of (await metrics.render()).split('\n')) {
      if (line !== '' && !line.startsWith('#')) assert.ok(line.startsWith(METRIC_PREFIX), line);
    }
    assert.match(metrics.contentType, /^text\/plain; version=/);
  });

  it('count answers by door and status', async () => {
    const metrics = new Metrics('1.2.3');
    for (const status of [200, 200, 403]) metrics.countAnswer('json', status);

    const text = await metrics.render();
    assert.match(text, /^nauthilus_http_answers_total\{door="json",status="200"\} 2$/m);
    assert.match(text, /^nauthilus_http_answers_total\{door="json",status="403"\} 1$/m);
  });

  it('count every decision and its time, whenever somebody looks and whichever decision came before', async () => {
    const metrics = new Metrics('1.2.3');
    const accepted = { mode: 'authenticate', outcome: 'accept', reason: 'ok', protocol: 'imap' } as const;
    const refused = { mode: 'authenticate', outcome: 'refuse', reason: 'wrong-password', protocol: 'pop3' } as const;
    for (let i = 0; i < 1300; i += 1)
      metrics.countDecision(i % 3 === 0 ? refused : accepted, i % 2 === 0 ? 0.002 : 0.2);

    for (const text of [await metrics.render(), await metrics.render()]) {
      assert.match(text, /^nauthilus_decisions_total\{.*reason="ok",protocol="imap"\} 866$/m);
      assert.match(text, /^nauthilus_decisions_total\{.*reason="wrong-password",protocol="pop3"\} 434$/m);
      assert.match(text, /^nauthilus_decision_seconds_count\{mode="authenticate",outcome="accept"\} 866$/m);
      assert.match(text, /^nauthilus_decision_seconds_bucket\{le="0.005",mode="authenticate",outcome="refuse"\} 217$/m);
    }
  });

  it('read gauges when somebody looks, several of one name by their labels', async () => {
    const metrics = new Metrics('1.2.3');
    let value = 1;
    metrics.addGauge('backend_ready', 'Ready.', () => value, { backend: 'a' });
    metrics.addGauge('backend_ready', 'Ready.', () => 5, { backend: 'b"\n' });
    value = 2;

    const text = await metrics.render();
    assert.match(text, /^nauthilus_backend_ready\{backend="a"\} 2$/m);
    assert.match(text, /^nauthilus_backend_ready\{backend="b\\"\\n"\} 5$/m);
  });

  it('name the version that runs', async () => {
    assert.ok(
      (await new Metrics('1.2.3').render()).includes(
        `nauthilus_build_info{version="1.2.3",node="${process.version}"} 1`,
      ),
    );
  });

  it('of two services in one process are apart', async () => {
    const [one, other] = [new Metrics('1'), new Metrics('2')];
    one.countAnswer('json', 200);

    assert.doesNotMatch(await other.render(), /door="json"/);
  });
});
