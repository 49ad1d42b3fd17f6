import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type FileStamp, stampOf } from './passwd-file.ts';

/** What a file looks like from outside; `undefined` where it is not there or cannot be looked at. */
export type SeenFile = FileStamp | undefined;

export interface WatchTimings {
  /** Milliseconds between two looks at the file, whatever the system reports. */
  readonly pollMs: number;
  /** Milliseconds that a changed file has to stay as it is before it counts as written. */
  readonly settleMs: number;
}

const TIMINGS: WatchTimings = { pollMs: 1000, settleMs: 200 };

/**
 * Tells when a file has changed and come to rest, so that nobody reads one that is still being written. It looks once a second,
 * which works on every file system, and at once when the system reports a change in the folder.
 */
export class FileWatch implements AsyncDisposable {
  readonly #path: string;
  readonly #onChange: (seen: SeenFile) => Promise<void>;
  readonly #timings: WatchTimings;
  #known: string;
  #unsettled: { readonly text: string; readonly since: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;
  #running: Promise<void> | undefined;
  #isDisposed = false;

  /**
   * @param known what the file looked like when it was last read
   * @param onChange is never called again before its promise has settled
   */
  constructor(path: string, known: SeenFile, onChange: (seen: SeenFile) => Promise<void>, timings = TIMINGS) {
    this.#path = path;
    this.#known = textOf(known);
    this.#onChange = onChange;
    this.#timings = timings;
    this.#watcher = watchFolder(path, () => this.#lookIn(0));
    this.#lookIn(timings.pollMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    await this.#running;
  }

  /** Makes the next change be told even if the file looks as before: what was read could not be used. */
  forget(): void {
    this.#known = 'forgotten';
  }

  #lookIn(ms: number): void {
    if (this.#isDisposed || this.#running !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#running = this.#look();
    }, ms).unref();
  }

  async #look(): Promise<void> {
    let waitMs = this.#timings.pollMs;
    try {
      const seen = await lookAt(this.#path);
      waitMs = this.#settleTime(textOf(seen));
      if (waitMs === 0) {
        this.#known = textOf(seen);
        waitMs = this.#timings.pollMs;
        await this.#onChange(seen);
      }
    } finally {
      this.#running = undefined;
      this.#lookIn(waitMs);
    }
  }

  /** Milliseconds until it is worth looking again; 0 where the file has changed and settled. */
  #settleTime(text: string): number {
    if (text === this.#known) {
      this.#unsettled = undefined;
      return this.#timings.pollMs;
    }
    const now = performance.now();
    if (this.#unsettled?.text !== text) this.#unsettled = { text, since: now };
    const left = this.#unsettled.since + this.#timings.settleMs - now;
    if (left > 0) return Math.max(1, Math.ceil(left));
    this.#unsettled = undefined;
    return 0;
  }
}

function textOf(seen: SeenFile): string {
  return seen?.text ?? 'missing';
}

async function lookAt(path: string): Promise<SeenFile> {
  try {
    return stampOf(await stat(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

/** Where the system cannot watch, or stops to, looking once a second has to do. */
function watchFolder(path: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const name = basename(path);
    const watcher = watch(dirname(path), { persistent: false }, (_, changed) => {
      if (changed === null || changed === name) onEvent();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
