import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance } from '../../operating/support/instance.ts';

type Line = Readonly<Record<string, unknown>>;

/** The first line of the log that is meant; lines are written in batches. @throws {Error} where none comes within 8 s */
export async function lineOf(instance: Instance, isMeant: (line: Line) => boolean): Promise<Line> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(50)) {
    const line = (await instance.lines()).find(isMeant);
    if (line !== undefined) return line;
  }
  throw new Error('no such line came');
}
