import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Announcement, AnnouncementListener, Announcements } from '../announcements.ts';
import { named, noHurry, type OpenState, type StateHarness } from './harness.ts';

/** Declares the tests that all announcements must pass. */
/** @param order in a Cluster each announcement may go by another node, and overtake one before it: all of them only forget */
export function describeAnnouncements(
  name: string,
  harness: StateHarness<Announcements>,
  order: 'kept' | 'any' = 'kept',
): void {
  describe(`announcements in ${name}`, { concurrency: false }, () => {
    let state: OpenState<Announcements>;
    before(async () => {
      state = await harness.open();
    });
    after(async () => {
      await state[Symbol.asyncDispose]();
    });

    it('reach every listener of every process within a second, as they were and in order', async () => {
      const sent: readonly Announcement[] = [
        { kind: 'account-forgotten', account: named('ünï@exämple.test') },
        { kind: 'all-forgotten' },
        { kind: 'blocks-changed' },
        { kind: 'guesses-forgotten', accounts: ['alice@example.test'], networks: [] },
        { kind: 'guesses-forgotten', accounts: [], networks: ['192.0.2.0/24'], rule: 'address', blocks: ['a', 'b'] },
      ];
      const heard = [listenTo(state.port), listenTo(state.port), listenTo(state.other)];
      await hearsSomething(state.port, heard);

      for (const announcement of sent) assert.equal(await state.port.publish(announcement, noHurry), undefined);

      await until(() => heard.every((listener) => listener.announcements.length >= sent.length));
      for (const listener of heard) {
        if (order === 'kept') assert.deepEqual(listener.announcements, sent);
        else assert.deepEqual(inAnyOrder(listener.announcements), inAnyOrder(sent));
        listener.stop();
      }
    });

    it('no longer reach who stopped to listen', async () => {
      const stopped = listenTo(state.port);
      const other = listenTo(state.port);
      await hearsSomething(state.other, [stopped, other]);
      stopped.stop();
      stopped.stop();

      await state.other.publish({ kind: 'all-forgotten' }, noHurry);

      await until(() => other.announcements.length === 1);
      assert.deepEqual(stopped.announcements, []);
      other.stop();
    });
  });
}

interface Heard extends AnnouncementListener {
  readonly announcements: Announcement[];
  stop(): void;
}

function listenTo(announcements: Announcements): Heard {
  const heard: Announcement[] = [];
  const listener = { onAnnouncement: (announcement: Announcement) => void heard.push(announcement), onGap: () => {} };
  const subscription = announcements.subscribe(listener);
  return { ...listener, announcements: heard, stop: () => subscription[Symbol.dispose]() };
}

/** A subscription that goes over a network is in force a little later. */
async function hearsSomething(announcements: Announcements, heard: readonly Heard[]): Promise<void> {
  await until(async () => {
    await announcements.publish({ kind: 'blocks-changed' }, noHurry);
    await sleep(20);
    return heard.every((listener) => listener.announcements.length > 0);
  });
  await sleep(50);
  for (const listener of heard) listener.announcements.length = 0;
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 5000; !(await isTrue()); await sleep(5)) {
    assert.ok(Date.now() < deadline, 'not within 5 s');
  }
}

function inAnyOrder(announcements: readonly Announcement[]): readonly string[] {
  return announcements.map((one) => JSON.stringify(one, Object.keys(one).toSorted())).toSorted();
}
