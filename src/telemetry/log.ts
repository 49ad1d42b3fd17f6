import { closeSync, openSync } from 'node:fs';
import pino from 'pino';
import { LineBatch, type WrittenLine } from './line-batch.ts';
import { LogFile } from './log-file.ts';

export type Log = pino.Logger;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  /** File descriptor, or path of a file to append to; standard output where absent. */
  readonly destination?: number | string;
  /** Number of this process where several write to one log; it is in each line. */
  readonly worker?: number;
}

/** Lines name accounts: not for everybody's eyes. */
const FILE_MODE = 0o640;
/** Lines that nobody reads are dropped beyond this. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** A log of JSON lines, written in batches off the hot path; disposing of it writes what is left. */
export interface OpenLog extends Disposable {
  readonly log: Log;
  /** Adds a line that is already JSON and ends in a line feed. */
  readonly writeLine: (line: string) => WrittenLine;
  /** To be waited for before it is disposed of where lines may be under way, so that none is lost or comes late; a second at most. */
  settled(): Promise<void>;
}

/**
 * Opens the log. Lines hold `level`, `time` (ISO 8601), the fields given and `msg`; secrets are never among them.
 * @throws the system's error (EACCES, ENOENT …) where the file cannot be opened
 */
export function openLog(options: LogOptions): OpenLog {
  const { destination: target = 1 } = options;
  const descriptor = typeof target === 'number' ? target : openSync(target, 'a', FILE_MODE);
  const file = new LogFile(descriptor, MAX_WAITING_BYTES);
  const batch = new LineBatch((bytes, done) => file.write(bytes, done), options.worker);
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
    settled() {
      batch.flush();
      return file.settled();
    },
    [Symbol.dispose]() {
      batch.flush();
      file.flushSync();
      if (typeof target !== 'number') closeSync(descriptor);
    },
  };
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
