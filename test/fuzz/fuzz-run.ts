import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { corpusOf, type FuzzTarget, type OpenTarget } from './fuzz-target.ts';
import { inputsOf } from './inputs.ts';

export interface FuzzOptions {
  readonly runs: number;
  /** The same seed gives the same inputs. */
  readonly seed: number;
}

export interface FuzzReport {
  readonly name: string;
  readonly runs: number;
  readonly seed: number;
  readonly ms: number;
  /** Inputs that were let in, or read as what they should be. */
  readonly taken: number;
  /** Bytes of heap that were gained from the first tenth of the run to its end, after a collection each time. */
  readonly grownBytes: number;
  /** What went wrong, with the smallest input that was found; absent where nothing did. */
  readonly problem?: string;
}

const SLICE = 20_000;
const LONGEST_CHECK_MS = 5000;
const COLLECTIONS = 5;

/** Gives a target as many inputs as asked for, or fewer where one goes wrong. What is in its corpus comes first. */
export async function fuzz(target: FuzzTarget, { runs, seed }: FuzzOptions): Promise<FuzzReport> {
  const begun = performance.now();
  const opened = await target.open();
  const inputs = inputsOf(corpusOf(target), target.words);
  let done = 0;
  let baseline: number | undefined;
  let problem = await tryCorpus(target, opened);
  while (done < runs && problem === undefined) {
    const slice = Math.min(SLICE, runs - done);
    const property = fc.asyncProperty(inputs, async (input) => opened.check(input));
    const details = await fc.check(property, { numRuns: slice, seed: seed + done });
    done += details.failed ? details.numRuns : slice;
    if (details.failed) problem = describeFailure(seed + done, details);
    if (done >= runs / 10) baseline ??= await heapBytes();
  }
  const ms = performance.now() - begun;
  const atEnd = await heapBytes();
  const grownBytes = atEnd - (baseline ?? atEnd);
  const report = { name: target.name, runs: done, seed, ms, taken: opened.taken, grownBytes };
  return problem === undefined ? report : { ...report, problem };
}

async function tryCorpus(target: FuzzTarget, opened: OpenTarget): Promise<string | undefined> {
  for (const input of corpusOf(target)) {
    try {
      await opened.check(input);
    } catch (cause) {
      return `${JSON.stringify(input)} of the corpus: ${String(cause)}`;
    }
  }
  return undefined;
}

function describeFailure(seed: number, { counterexample, errorInstance }: fc.RunDetails<[string]>): string {
  const why = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  return `near seed ${seed}: ${JSON.stringify(counterexample?.[0])}\n${why}`;
}

let collect: (() => void) | undefined;

/** What is held; what was let go needs several rounds, for some of it is told so before it goes. */
async function heapBytes(): Promise<number> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  for (let round = 0; round < COLLECTIONS; round += 1) {
    collect();
    await turn();
  }
  return process.memoryUsage().heapUsed;
}

/** Ends a check that waits for what never comes. */
export function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('there was no answer in time')), LONGEST_CHECK_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
