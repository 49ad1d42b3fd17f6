/**
 * Programs of Debian 13 for tests on a machine that runs another Debian: they run in a chroot below .cache/trixie, which
 * scripts/prepare-trixie fills. Processes and loopback ports are the machine's own, so that a child is watched and stopped
 * by its pid like any other. Needs root, as chroot does.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { access, chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTool, type ToolResult, tryTool } from './run-tool.ts';

const ROOT = fileURLToPath(new URL('../../.cache/trixie', import.meta.url));
const ENVIRONMENT = ['PATH=/usr/sbin:/usr/bin', 'HOME=/root'] as const;

/** A folder in the root's /tmp, which goes with everything in it when it is disposed of. */
export interface TrixieFolder extends AsyncDisposable {
  /** Its path for programs of the root. */
  readonly inside: string;
  /** The same folder for everybody else. */
  readonly outside: string;
}

/** An account of the root's /etc/passwd. */
export interface TrixieUser {
  readonly uid: number;
  readonly gid: number;
}

/** The root that scripts/prepare-trixie has made. */
export class Trixie {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** @throws {Error} that says what to do where the root is missing or cannot be entered */
  static async open(): Promise<Trixie> {
    await access(join(ROOT, '.prepared-by')).catch(() => {
      throw new Error('Debian 13 is not unpacked: run "sh scripts/prepare-trixie" as root');
    });
    if (process.getuid?.() !== 0)
      throw new Error('Debian 13 programs can only be started by root: they run in a chroot');
    return new Trixie(ROOT);
  }

  /** Starts a program; its pid is the program's own, and its working folder is the root. */
  spawn(command: string, args: readonly string[]): ChildProcess {
    const [program, ...rest] = this.#entering([command, ...args]);
    return spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Runs a program to its end, whatever it thinks of its task. */
  try(command: readonly string[], input = ''): Promise<ToolResult> {
    return tryTool(this.#entering(command), input);
  }

  /**
   * Runs a program that must succeed, and gives what it printed.
   *
   * @throws {Error} with the program's own words where it fails
   */
  run(command: readonly string[], input = ''): Promise<string> {
    return runTool(this.#entering(command), input);
  }

  /** Makes a folder that everybody may enter. */
  async folder(name: string): Promise<TrixieFolder> {
    const outside = await mkdtemp(join(this.root, 'tmp', `${name}-`));
    await chmod(outside, 0o755);
    const remove = () => rm(outside, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    return { inside: this.inside(outside), outside, [Symbol.asyncDispose]: remove };
  }

  /** What programs of the root call a path of the machine. @throws {RangeError} where it does not lie in the root */
  inside(outside: string): string {
    const path = relative(this.root, outside);
    if (path === '..' || path.startsWith(`..${sep}`)) throw new RangeError(`${outside} does not lie in ${this.root}`);
    return join('/', path);
  }

  /** What the machine calls a path of the root. */
  outside(inside: string): string {
    return join(this.root, join('/', inside));
  }

  /** @throws {RangeError} where the root knows no such user */
  async user(name: string): Promise<TrixieUser> {
    const lines = (await readFile(this.outside('/etc/passwd'), 'utf8')).split('\n');
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid === undefined || gid === undefined) throw new RangeError(`Debian 13 has no user ${name}`);
    return { uid: Number(uid), gid: Number(gid) };
  }

  #entering(command: readonly string[]): [string, ...string[]] {
    // Each of them becomes the next one, so that the pid stays.
    return ['env', '-i', ...ENVIRONMENT, 'chroot', this.root, ...command];
  }
}
