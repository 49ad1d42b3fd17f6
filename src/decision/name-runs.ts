import type { AccountName } from '../login/account-name.ts';

/** Sorting so many takes a few milliseconds, during which nothing else happens. */
const RUN = 4096;
/** Octets that are read back at a time; more than any name has. */
const BLOCK = 2048;
/** No account name holds it. */
const SEPARATOR = '\n';
const SEPARATOR_OCTET = 0x0a;

/** The smallest name of a run that was not yet taken, and what comes behind it. */
interface Head {
  readonly run: Buffer;
  nextBlock: number;
  names: readonly string[];
  position: number;
  name: string;
}

/**
 * Account names in sorted runs, to be merged once all are there. They are held as UTF-8, thousands in one piece: a million
 * names of 25 characters take 25 MiB.
 */
export class NameRuns {
  readonly #runs: Buffer[] = [];
  #run: AccountName[] = [];
  #bytes = 0;

  /** Octets that the whole runs take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Gives whether a run became whole: the time for something else to happen. */
  add(name: AccountName): boolean {
    if (this.#run.push(name) < RUN) return false;
    this.#endRun();
    return true;
  }

  /** Gives all names, sorted by code unit, each once; to be called once. */
  *merge(): Generator<AccountName, void, void> {
    this.#endRun();
    const heads = new HeadHeap(this.#runs.splice(0).map(headOf));
    let last: string | undefined;
    for (let name = heads.take(); name !== undefined; name = heads.take()) {
      if (name === last) continue;
      last = name;
      yield name as AccountName;
    }
  }

  #endRun(): void {
    if (this.#run.length === 0) return;
    const text = this.#run.sort(byCodeUnit).join(SEPARATOR);
    this.#run = [];
    const run = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    run.write(text);
    this.#bytes += run.length;
    this.#runs.push(run);
  }
}

function headOf(run: Buffer): Head {
  const head = { run, nextBlock: 0, names: [], position: 0, name: '' };
  advance(head);
  return head;
}

/** Goes on to the next name of a run; false where there is none. */
function advance(head: Head): boolean {
  head.position += 1;
  if (head.position >= head.names.length && !readBlock(head)) return false;
  head.name = head.names[head.position] as string;
  return true;
}

function readBlock(head: Head): boolean {
  const { run, nextBlock } = head;
  if (nextBlock >= run.length) return false;
  const isLast = nextBlock + BLOCK >= run.length;
  const end = isLast ? run.length : run.lastIndexOf(SEPARATOR_OCTET, nextBlock + BLOCK);
  head.names = run.toString('utf8', nextBlock, end).split(SEPARATOR);
  head.nextBlock = end + 1;
  head.position = 0;
  return true;
}

/** A binary heap. */
class HeadHeap {
  readonly #heads: Head[];

  constructor(heads: Head[]) {
    this.#heads = heads.sort((a, b) => byCodeUnit(a.name, b.name));
  }

  /** Takes the smallest name of all runs. */
  take(): string | undefined {
    const top = this.#heads[0];
    if (top === undefined) return undefined;
    const taken = top.name;
    if (!advance(top)) this.#dropTop();
    this.#sink();
    return taken;
  }

  #dropTop(): void {
    const last = this.#heads.pop();
    if (last !== undefined && this.#heads.length > 0) this.#heads[0] = last;
  }

  #sink(): void {
    const heads = this.#heads;
    for (let parent = 0; ; ) {
      const smallest = this.#smallestOf(parent);
      if (smallest === parent) return;
      [heads[parent], heads[smallest]] = [heads[smallest] as Head, heads[parent] as Head];
      parent = smallest;
    }
  }

  #smallestOf(parent: number): number {
    const left = 2 * parent + 1;
    const smaller = this.#isBefore(left, parent) ? left : parent;
    return this.#isBefore(left + 1, smaller) ? left + 1 : smaller;
  }

  #isBefore(one: number, other: number): boolean {
    const head = this.#heads[one];
    return head !== undefined && head.name < (this.#heads[other] as Head).name;
  }
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
