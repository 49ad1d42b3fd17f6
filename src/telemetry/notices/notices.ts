import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Notice, NoticeKind, NoticeSink } from './notice.ts';

/** One place that notices go to. */
export interface NoticeTarget {
  /** Which it is told of; all where empty. */
  readonly kinds: ReadonlySet<NoticeKind>;
  send(id: string, body: string): void;
}

export interface NoticesParts {
  readonly targets: readonly NoticeTarget[];
  /** For so long a subject is not told of again, in milliseconds. */
  readonly quietMs: number;
  readonly onNotice: (kind: NoticeKind) => void;
  /** Wall clock in milliseconds. */
  readonly now?: (() => number) | undefined;
}

const MAX_SUBJECTS = 10_000;

/** Hands notices to their targets as JSON, each subject once in a while: an attack is one thing that happens, not a thousand. */
export class Notices implements NoticeSink {
  readonly #parts: NoticesParts;
  readonly #told = new LRUCache<string, number>({ max: MAX_SUBJECTS });

  constructor(parts: NoticesParts) {
    this.#parts = parts;
  }

  take({ kind, fields, subject }: Notice): void {
    const now = (this.#parts.now ?? Date.now)();
    if (subject !== undefined) {
      const key = `${kind} ${subject}`;
      const last = this.#told.get(key);
      if (last !== undefined && now - last >= 0 && now - last < this.#parts.quietMs) return;
      this.#told.set(key, now);
    }
    this.#parts.onNotice(kind);
    const id = randomUUID();
    const body = JSON.stringify({ id, time: new Date(now).toISOString(), event: kind, ...fields });
    for (const target of this.#parts.targets)
      if (target.kinds.size === 0 || target.kinds.has(kind)) target.send(id, body);
  }
}
