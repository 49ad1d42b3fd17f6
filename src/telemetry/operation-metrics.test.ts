import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metrics } from './metrics.ts';

describe('operations on servers', () => {
  it('are counted by result and timed by server, also between two looks', async () => {
    const metrics = new Metrics('1');
    const labels = { backend: 'directory', server: 'ldap://a', operation: 'search' };

    metrics.operations.count(labels, 'success', 0.002);
    metrics.operations.count(labels, 'success', 0.02);
    await metrics.render();
    metrics.operations.count(labels, 'timeout', 1.5);
    const text = await metrics.render();

    const whose = 'backend="directory",server="ldap://a",operation="search"';
    assert.ok(text.includes(`nauthilus_backend_operations_total{${whose},result="success"} 2\n`), text);
    assert.ok(text.includes(`nauthilus_backend_operations_total{${whose},result="timeout"} 1\n`));
    assert.ok(text.includes(`nauthilus_backend_operation_seconds_count{${whose}} 3\n`));
  });
});
