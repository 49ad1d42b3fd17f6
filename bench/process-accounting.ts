import { readdirSync, readFileSync } from 'node:fs';

const NANOSECONDS_PER_MS = 1e6;
const MS_PER_TICK = 10;

/**
 * CPU time a process has used so far with all its threads, user and system, in milliseconds: to the nanosecond where the system
 * keeps it (`/proc/PID/task/TID/schedstat`), else in ticks of 10 ms (proc(5), fields utime and stime).
 */
export function cpuMsOf(pid: number): number {
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
    }
    return nanoseconds / NANOSECONDS_PER_MS;
  } catch {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  }
}

/** Resident memory of a process in MiB. */
export function rssMbOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}

/**
 * CPU time that a process and all below it have used so far, in milliseconds, with that of those that have ended (proc(5), fields
 * utime, stime, cutime, cstime).
 */
export function treeCpuMsOf(root: number): number {
  const ticks = new Map<number, number>();
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = statOf(entry);
    if (stat === undefined) continue;
    ticks.set(
      Number(entry),
      stat.slice(11, 15).reduce((sum, field) => sum + Number(field), 0),
    );
    const parent = Number(stat[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const sumOf = (pid: number): number =>
    (children.get(pid) ?? []).reduce((sum, child) => sum + sumOf(child), ticks.get(pid) ?? 0);
  return sumOf(root) * MS_PER_TICK;
}

/** Fields of `/proc/PID/stat` from the third on; undefined where the process has ended meanwhile. */
function statOf(pid: string): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
