import type { Readable } from 'node:stream';

/** A line longer than this is handed on in parts. */
const MAX_HELD_BYTES = 1024 * 1024;
const LINE_FEED = 10;

/**
 * Hands on whole lines of a worker's log as they come through its pipe, so that lines of several workers, each of any length,
 * never mix in the one log. A worker that dies in the middle of a line has it ended.
 * @returns a promise that is fulfilled when nothing more can come
 */
export function relayLines(from: Readable, write: (lines: string) => void): Promise<void> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  const flush = (last: Buffer) => {
    write(Buffer.concat([...held, last]).toString('utf8'));
    held = [];
    heldBytes = 0;
  };
  const hold = (bytes: Buffer) => {
    if (bytes.length === 0) return;
    // A copy, as the memory behind a piece of a chunk is the whole chunk.
    held.push(Buffer.from(bytes));
    heldBytes += bytes.length;
    if (heldBytes > MAX_HELD_BYTES) flush(END_OF_LINE);
  };
  from.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) flush(chunk.subarray(0, end));
    hold(chunk.subarray(end));
  });
  from.on('error', () => {});
  return new Promise((resolve) => {
    from.once('close', () => {
      if (heldBytes > 0) flush(END_OF_LINE);
      resolve();
    });
  });
}

const END_OF_LINE = Buffer.from('\n');
