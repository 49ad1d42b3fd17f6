import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** What a program said. */
export interface RunResult {
  /** `undefined` where it could not be run, or took too long; `stderr` says why. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is needed to know of a file beside its content. */
export interface FileStatus {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly isFolder: boolean;
}

/** The machine with the Dovecot that is looked at. Paths are Dovecot's own. */
export interface MailHost {
  /** Runs `doveconf` with the arguments. */
  doveconf(...args: readonly string[]): Promise<RunResult>;
  /** Runs `doveadm` with the arguments, and what it reads from standard input. */
  doveadm(input: Buffer, ...args: readonly string[]): Promise<RunResult>;
  /** @throws {Error} with Node's `code` */
  read(file: string): Promise<Buffer>;
  /** @throws {Error} with Node's `code` */
  status(file: string): Promise<FileStatus>;
  /** The names in a folder; none where it cannot be read. */
  list(folder: string): Promise<readonly string[]>;
}

export interface MailHostPlace {
  /** The program; `doveadm` lies beside it. Found by PATH where it has no slash. */
  readonly doveconf: string;
  /** Where it has its configuration, when not in the place it was built for. */
  readonly configDir: string | undefined;
  /** The folder that is "/" to Dovecot: another one than "/" where it runs in a container. */
  readonly root: string;
}

const DEADLINE_MS = 30_000;
const NOTHING = Buffer.alloc(0);
const LONGEST_OUTPUT = 16 * 1024 * 1024;

/** The machine that this program runs on. */
export function openMailHost({ doveconf, configDir, root }: MailHostPlace): MailHost {
  const config = configDir === undefined ? [] : ['-c', path.posix.join(configDir, 'dovecot.conf')];
  const doveadm = doveconf.includes('/') ? path.posix.join(path.posix.dirname(doveconf), 'doveadm') : 'doveadm';
  const outside = (file: string) => path.join(root, file);
  const run = (program: string, args: readonly string[], input: Buffer) => {
    const command = [program, ...config, ...args];
    return runProgram(root === '/' ? command : ['chroot', root, ...command], input);
  };
  return {
    doveconf: (...args) => run(doveconf, args, NOTHING),
    doveadm: (input, ...args) => run(doveadm, args, input),
    read: (file) => readFile(outside(file)),
    async status(file) {
      const found = await stat(outside(file));
      return { uid: found.uid, gid: found.gid, mode: found.mode, isFolder: found.isDirectory() };
    },
    list: (folder) => readdir(outside(folder)).catch(() => []),
  };
}

function runProgram([program = '', ...args]: readonly string[], input: Buffer): Promise<RunResult> {
  return new Promise((resolve) => {
    const options = { timeout: DEADLINE_MS, maxBuffer: LONGEST_OUTPUT, encoding: 'utf8' } as const;
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ exitCode: 0, stdout, stderr });
      if (typeof error.code === 'number') return resolve({ exitCode: error.code, stdout, stderr });
      const why = error.killed ? `${program} took more than ${DEADLINE_MS / 1000} s` : error.message;
      resolve({ exitCode: undefined, stdout, stderr: why });
    });
    // Who ends before having read everything says why by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
