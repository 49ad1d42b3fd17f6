import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newSessionId } from './session-id.ts';

const NOW = Date.UTC(2030, 0, 1);

describe('a session id', () => {
  it('has the form of a ULID', () => {
    for (let i = 0; i < 1000; i += 1) assert.match(newSessionId(), /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    assert.equal(newSessionId(1_469_918_176_385).slice(0, 10), '01ARYZ6S41');
  });

  it('is unique and sorts in the order of making, within one millisecond too', () => {
    const ids = Array.from({ length: 200_000 }, () => newSessionId(NOW + 1));

    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.every((id, i) => i === 0 || (ids[i - 1] as string) < id));
  });

  it('stays in order when more are made than one millisecond has room for', () => {
    let last = newSessionId(NOW + 2);
    for (let i = 0; i < 1024 * 1024 + 10; i += 1) {
      const id = newSessionId(NOW + 2);
      if (id <= last) assert.fail(`${id} after ${last}`);
      last = id;
    }
    assert.ok(newSessionId(NOW + 4) > last);
  });

  it('stays in order when the clock is set back a little, and follows it when by more', () => {
    const before = newSessionId(NOW + 5000);

    assert.ok(newSessionId(NOW + 4500) > before);
    assert.ok(newSessionId(NOW + 3000) < before);
  });
});
