/** Reads the profiles that `node --cpu-prof` writes. */

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

export interface FunctionShare {
  readonly name: string;
  /** Part of the busy time, from 0 to 1. */
  readonly share: number;
}

export interface CallNode extends FunctionShare {
  /** Largest share first. */
  readonly calls: readonly CallNode[];
}

const NOT_BUSY = new Set(['(idle)', '(root)']);

/** The part of busy time that each function used itself, largest first, over the last `seconds` with load. */
export function selfTimes(profile: CpuProfile, seconds: number): readonly FunctionShare[] {
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node)]));
  const times = new Map<string, number>();
  let busy = 0;
  for (const [id, time] of latest(profile, seconds)) {
    const name = names.get(id) ?? '';
    if (NOT_BUSY.has(name)) continue;
    busy += time;
    times.set(name, (times.get(name) ?? 0) + time);
  }
  return [...times].map(([name, time]) => ({ name, share: time / busy })).sort(bySize);
}

/** Call paths with the share of all that was called on them; the same function called from several places of one is one. */
export function callTree(profile: CpuProfile, seconds: number): readonly CallNode[] {
  const own = latest(profile, seconds);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const [root] = profile.nodes;
  if (root === undefined) return [];
  const total = (id: number): number => {
    const node = nodes.get(id);
    if (node === undefined || (NOT_BUSY.has(node.callFrame.functionName) && node !== root)) return 0;
    return (
      (node === root ? 0 : (own.get(id) ?? 0)) + (node.children ?? []).reduce((sum, child) => sum + total(child), 0)
    );
  };
  const busy = total(root.id);
  const grow = (ids: readonly number[]): CallNode[] => {
    const groups = new Map<string, number[]>();
    for (const id of ids) {
      const node = nodes.get(id);
      if (node === undefined || NOT_BUSY.has(node.callFrame.functionName)) continue;
      const name = nameOf(node);
      groups.set(name, [...(groups.get(name) ?? []), id]);
    }
    const calls = [...groups].map(([name, members]) => ({
      name,
      share: members.reduce((sum, id) => sum + total(id), 0) / busy,
      calls: grow(members.flatMap((id) => nodes.get(id)?.children ?? [])),
    }));
    return calls.sort(bySize);
  };
  return grow(root.children ?? []);
}

/** Microseconds by node, from `seconds` before the last busy sample on. */
function latest({ samples, timeDeltas, nodes }: CpuProfile, seconds: number): ReadonlyMap<number, number> {
  const idle = new Set(nodes.filter(({ callFrame }) => NOT_BUSY.has(callFrame.functionName)).map(({ id }) => id));
  const end = samples.findLastIndex((id) => !idle.has(id));
  const times = new Map<number, number>();
  let passed = 0;
  for (let i = end; i >= 0 && passed < seconds * 1e6; i -= 1) {
    const id = samples[i] as number;
    const time = timeDeltas[i] as number;
    passed += time;
    times.set(id, (times.get(id) ?? 0) + time);
  }
  return times;
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file = url.replace(/^.*\/(src|node_modules)\//, '').replace(/^file:\/\//, '');
  const place = file === '' ? '' : ` ${file}:${lineNumber + 1}`;
  return `${functionName || '(anonymous)'}${place}`;
}

function bySize(a: FunctionShare, b: FunctionShare): number {
  return b.share - a.share;
}
