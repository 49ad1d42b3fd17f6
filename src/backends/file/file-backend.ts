/**
 * The embedded backend: accounts in a file of Dovecot's passwd-file form, held in memory and read again when it changes. A file
 * that is broken is never taken: at the start it is an error, later the last good state stays in force. Edits are made by
 * account-editor.ts, from other processes too.
 *
 * @module
 */
import type { AccountName } from '../../login/account-name.ts';
import type { CheckResult, PasswordChecks } from '../../passwords/password-checks.ts';
import {
  type AccountQuery,
  type Backend,
  type BackendHealth,
  BackendUnavailableError,
  type LookupResult,
  type MaybePromise,
  type PasswordQuery,
  type Unavailable,
  type VerifyResult,
} from '../backend.ts';
import { type ChangedNames, changedNames } from './account-changes.ts';
import { AccountShelf, type KnownAccount } from './account-shelf.ts';
import type { FileBackendConfig } from './file-config.ts';
import { FileWatch, type SeenFile, type WatchTimings } from './file-watch.ts';
import { describeProblem, PasswdFileError } from './passwd-file-error.ts';
import { type PasswdFileProblem, type PasswdSnapshot, readPasswdFile } from './passwd-file.ts';
import { foldName } from './passwd-line.ts';

export interface FileBackendParts {
  readonly checks: PasswordChecks;
  /** The file has changed and was taken. */
  onReloaded(record: object, changed: ChangedNames): void;
  /** The file has changed and cannot be taken. */
  onReloadRefused(record: object): void;
  readonly timings?: WatchTimings;
}

const PAGE = 1000;
/** How often a file is read again at the start that others write to meanwhile, and the time between. */
const TRIES = 10;
const RETRY_MS = 200;

/**
 * Reads the file and serves it.
 * @throws {PasswdFileError} where the file cannot be read or a line of it is broken; its message names file and lines
 */
export async function openFileBackend(
  name: string,
  config: FileBackendConfig,
  parts: FileBackendParts,
): Promise<Backend> {
  for (let tries = 1; ; tries += 1) {
    const read = await readPasswdFile(config.path, config);
    if (read.kind === 'snapshot') return new FileBackend({ ...config, name }, parts, read);
    if (read.kind !== 'changing' || tries === TRIES) throw new PasswdFileError(config.path, read);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

class FileBackend implements Backend {
  readonly name: string;
  readonly type = 'file';
  readonly #config: FileBackendConfig;
  readonly #parts: FileBackendParts;
  readonly #shelf: AccountShelf;
  readonly #watch: FileWatch;
  readonly #closing = new AbortController();
  #snapshot: PasswdSnapshot;
  #readAt = new Date();
  #refusal: { readonly reason: string; readonly at: Date } | undefined;

  constructor(config: FileBackendConfig, parts: FileBackendParts, snapshot: PasswdSnapshot) {
    this.name = config.name;
    this.#config = config;
    this.#parts = parts;
    this.#snapshot = snapshot;
    this.#shelf = new AccountShelf(config, snapshot.index);
    this.#watch = new FileWatch(config.path, snapshot.stamp, (seen) => this.#reload(seen), parts.timings);
  }

  verifyPassword({ name, password }: PasswordQuery, signal: AbortSignal): MaybePromise<VerifyResult> {
    if (signal.aborted) return WITHDRAWN;
    const key = foldName(name, this.#config.lowerCase);
    const known = this.#shelf.find(key);
    const hash = known?.hash ?? this.#snapshot.decoys.for(key);
    const checked = this.#parts.checks.check(hash, password, signal);
    return checked instanceof Promise ? checked.then((later) => conclude(later, known)) : conclude(checked, known);
  }

  lookUpAccount({ name }: AccountQuery, signal: AbortSignal): LookupResult {
    if (signal.aborted) return WITHDRAWN;
    const known = this.#shelf.find(foldName(name, this.#config.lowerCase));
    return known === undefined ? UNKNOWN_USER : { kind: 'found', account: known.account };
  }

  async *listAccounts(signal: AbortSignal): AsyncGenerator<readonly AccountName[]> {
    for (const page of this.#snapshot.index.pages(PAGE, this.#config.listDisabled)) {
      if (signal.aborted) throw new BackendUnavailableError(WITHDRAWN.detail);
      yield page;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (signal.aborted) throw new BackendUnavailableError(WITHDRAWN.detail);
  }

  /** One file has one answer for every protocol and address. */
  scopeOf(): string {
    return '';
  }

  edition(): string {
    return this.#snapshot.stamp.text;
  }

  health(): BackendHealth {
    const { accounts } = this.#snapshot.index;
    const served = `${accounts} accounts from ${this.#config.path}, read at ${this.#readAt.toISOString()}`;
    if (this.#refusal === undefined) return { isReady: true, detail: served };
    const { reason, at } = this.#refusal;
    return { isReady: true, detail: `${served}; change refused at ${at.toISOString()}: ${reason}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#watch[Symbol.asyncDispose]();
  }

  async #reload(seen: SeenFile): Promise<void> {
    if (seen === undefined) return this.#refuse({ kind: 'unreadable', reason: 'the file does not exist' });
    try {
      await this.#readAgain();
    } catch (cause) {
      this.#refuse({ kind: 'unreadable', reason: `reading it failed: ${String(cause)}` });
    }
  }

  async #readAgain(): Promise<void> {
    const started = performance.now();
    const read = await readPasswdFile(this.#config.path, this.#config, this.#closing.signal);
    if (this.#closing.signal.aborted) return;
    if (read.kind === 'changing') return this.#watch.forget();
    if (read.kind !== 'snapshot') return this.#refuse(read);
    if (isEmptiedInPlace(read, this.#snapshot)) return this.#refuse(EMPTIED);
    const changed = await changedNames(this.#snapshot.index, read.index, this.#config);
    if (this.#closing.signal.aborted) return;
    this.#take(read, changed, performance.now() - started);
  }

  #take(snapshot: PasswdSnapshot, changed: ChangedNames, ms: number): void {
    this.#snapshot = snapshot;
    this.#shelf.use(snapshot.index);
    this.#readAt = new Date();
    this.#refusal = undefined;
    const { accounts } = snapshot.index;
    const names = changed === 'many' ? changed : changed.size;
    this.#parts.onReloaded({ file: this.#config.path, accounts, changed: names, ms: Math.round(ms) }, changed);
  }

  #refuse(problem: PasswdFileProblem): void {
    const reason = describeProblem(problem);
    this.#refusal = { reason, at: new Date() };
    const lines = problem.kind === 'broken' ? { lines: problem.lines } : {};
    this.#parts.onReloadRefused({ file: this.#config.path, error: reason, ...lines });
  }
}

const UNKNOWN_USER = { kind: 'unknown-user' } as const;
const WITHDRAWN: Unavailable = { kind: 'unavailable', overloaded: false, detail: 'the question was withdrawn' };
const EMPTIED: PasswdFileProblem = {
  kind: 'unreadable',
  reason: 'the file was emptied in place, as programs do that are about to write it; a new empty file would be taken',
};

/** For who has no hash of its own the check was made in vain, and its result says nothing. */
function conclude(checked: CheckResult, known: KnownAccount | undefined): VerifyResult {
  if (typeof checked === 'object') return checked;
  if (known === undefined) return UNKNOWN_USER;
  const isProven = checked === 'match' && known.hash !== undefined;
  return { kind: isProven ? 'verified' : 'wrong-password', account: known.account };
}

/** A program that truncates a file and is slow to write it must not make all accounts vanish. */
function isEmptiedInPlace(read: PasswdSnapshot, before: PasswdSnapshot): boolean {
  return read.stamp.size === 0 && read.stamp.inode === before.stamp.inode && before.index.accounts > 0;
}
