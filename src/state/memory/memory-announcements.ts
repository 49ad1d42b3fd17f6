import type { Announcement, AnnouncementListener, Announcements } from '../announcements.ts';

/** Announcements within this process: heard by all listeners before `publish` returns, none is ever lost. */
export class MemoryAnnouncements implements Announcements {
  readonly #listeners = new Set<{ readonly listener: AnnouncementListener }>();

  publish(announcement: Announcement): undefined {
    for (const { listener } of this.#listeners) listener.onAnnouncement(announcement);
  }

  subscribe(listener: AnnouncementListener): Disposable {
    const subscription = { listener };
    this.#listeners.add(subscription);
    return { [Symbol.dispose]: () => void this.#listeners.delete(subscription) };
  }
}
