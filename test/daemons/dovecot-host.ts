import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool, type ToolResult, tryTool } from './run-tool.ts';
import { Trixie, type TrixieFolder } from './trixie.ts';

export const DOVECOT_VERSIONS = ['2.3', '2.4'] as const;
export type DovecotVersion = (typeof DOVECOT_VERSIONS)[number];

/** Where a version of Dovecot is installed: 2.3 on the machine itself, 2.4 below .cache/trixie. */
export interface DovecotHost {
  /** User and group that own mail, by number. */
  readonly mailOwner: number;
  readonly dovecotGroup: number;
  folder(): Promise<TrixieFolder>;
  spawn(command: string, args: readonly string[]): ChildProcess;
  try(command: readonly string[], input?: string): Promise<ToolResult>;
}

/** @throws {Error} that says what to do where the version cannot be run here */
export async function openDovecotHost(version: DovecotVersion): Promise<DovecotHost> {
  if (process.getuid?.() !== 0)
    throw new Error('Dovecot can only be started by root: it runs its parts as other users');
  return version === '2.3' ? thisMachine() : debian13();
}

async function thisMachine(): Promise<DovecotHost> {
  return {
    mailOwner: 5000,
    dovecotGroup: Number((await runTool(['getent', 'group', 'dovecot'])).split(':')[2]),
    async folder() {
      const path = await mkdtemp(join(tmpdir(), 'nauthilus-dovecot-'));
      await chmod(path, 0o755);
      const remove = () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      return { inside: path, outside: path, [Symbol.asyncDispose]: remove };
    },
    spawn: (command, args) => spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }),
    try: (command, input) => tryTool(command, input),
  };
}

async function debian13(): Promise<DovecotHost> {
  const trixie = await Trixie.open();
  return {
    mailOwner: (await trixie.user('vmail')).uid,
    dovecotGroup: (await trixie.user('dovecot')).gid,
    folder: () => trixie.folder('dovecot'),
    spawn: (command, args) => trixie.spawn(command, args),
    try: (command, input) => trixie.try(command, input),
  };
}
