import pino from 'pino';

export type Log = pino.Logger;

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** File descriptor or path; standard output where absent. */
  readonly destination?: number | string;
}

const BUFFERED_BYTES = 4096;
const FLUSH_EVERY_MS = 100;

/** A log of JSON lines, written in batches off the hot path; `close` writes what is left. */
export interface OpenLog extends Disposable {
  readonly log: Log;
}

/** Opens the log. Lines hold `time` (ISO 8601), `level`, `msg` and the fields given; secrets are never among them. */
export function openLog(options: LogOptions): OpenLog {
  const destination = pino.destination({
    dest: options.destination ?? 1,
    sync: false,
    minLength: BUFFERED_BYTES,
    periodicFlush: FLUSH_EVERY_MS,
  });
  // A reader that went away (EPIPE) must not take the service with it.
  destination.on('error', () => {});
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return { log, [Symbol.dispose]: () => flush(destination) };
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

function isoTime(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastText = `,"time":"${new Date(now).toISOString()}"`;
  }
  return lastText;
}
