import { closeSync, openSync } from 'node:fs';
import pino from 'pino';

export type Log = pino.Logger;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  /** File descriptor, or path of a file to append to; standard output where absent. */
  readonly destination?: number | string;
  /** Number of this process where several write to one log; it is in each line. */
  readonly worker?: number;
}

const BATCH_CHARS = 16_000;
const FLUSH_EVERY_MS = 100;
/** Lines name accounts: not for everybody's eyes. */
const FILE_MODE = 0o640;
/** Lines that nobody reads are dropped beyond this. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** A log of JSON lines, written in batches off the hot path; disposing of it writes what is left. */
export interface OpenLog extends Disposable {
  readonly log: Log;
  /** Adds a line that is already JSON and ends in a line feed. */
  readonly writeLine: (line: string) => void;
}

/**
 * Opens the log. Lines hold `level`, `time` (ISO 8601), the fields given and `msg`; secrets are never among them.
 * @throws the system's error (EACCES, ENOENT …) where the file cannot be opened
 */
export function openLog(options: LogOptions): OpenLog {
  const { destination: target = 1 } = options;
  const descriptor = typeof target === 'number' ? target : openSync(target, 'a', FILE_MODE);
  const destination = pino.destination({ dest: descriptor, sync: false, maxLength: MAX_WAITING_BYTES });
  // A reader that went away (EPIPE) must not take the service with it.
  destination.on('error', () => {});
  const batch = new LineBatch((text) => destination.write(text), options.worker);
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${isoTime()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    batch,
  );
  return {
    log,
    writeLine: (line) => batch.write(line),
    [Symbol.dispose]() {
      batch.flush();
      flush(destination);
      if (typeof target !== 'number') closeSync(descriptor);
    },
  };
}

/** Gathers lines and hands them on together: one system call for a hundred logins instead of one each. */
class LineBatch {
  readonly #send: (text: string) => void;
  readonly #mark: string | undefined;
  #waiting = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (text: string) => void, worker: number | undefined) {
    this.#send = send;
    this.#mark = worker === undefined ? undefined : `{"worker":${worker},`;
  }

  write(line: string): void {
    this.#waiting += this.#mark === undefined ? line : this.#mark + line.slice(1);
    if (this.#waiting.length >= BATCH_CHARS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_EVERY_MS).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#waiting;
    this.#waiting = '';
    if (text !== '') this.#send(text);
  }
}

function flush(destination: ReturnType<typeof pino.destination>): void {
  try {
    destination.flushSync();
  } catch {
    // Nobody is left to tell.
  }
}

let lastMs = 0;
let lastText = '';

/** The time in ISO 8601 with milliseconds, in UTC; made once a millisecond. */
export function isoTime(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastText = new Date(now).toISOString();
  }
  return lastText;
}
