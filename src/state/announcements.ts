import type { AccountName } from '../login/account-name.ts';
import type { MaybePromise, Unavailable } from './outcome.ts';

/** What every process has to hear at once. */
export type Announcement =
  /** What is remembered of an account is void. */
  | { readonly kind: 'account-forgotten'; readonly account: AccountName }
  /** All that is remembered is void. */
  | { readonly kind: 'all-forgotten' }
  /** What was counted and blocked of these is void; what the fields mean is up to who counts. */
  | {
      readonly kind: 'guesses-forgotten';
      readonly accounts: readonly string[];
      readonly networks: readonly string[];
      readonly rule?: string | undefined;
      readonly blocks?: readonly string[] | undefined;
    }
  /** Blocks were put or removed. */
  | { readonly kind: 'blocks-changed' }
  /** What operators want of mail hosts has changed. */
  | { readonly kind: 'host-orders-changed' };

/** Both are called between other work and must neither throw nor take long. */
export interface AnnouncementListener {
  onAnnouncement(announcement: Announcement): void;
  /** Announcements may have been missed: what was kept because nothing was heard is no longer sure. */
  onGap(): void;
}

/** Messages from each process to all processes, its own listeners included. They may be lost, but never without a gap being told. */
export interface Announcements {
  publish(announcement: Announcement, signal: AbortSignal): MaybePromise<Unavailable | undefined>;
  /** Listens until the result is disposed of. */
  subscribe(listener: AnnouncementListener): Disposable;
}
