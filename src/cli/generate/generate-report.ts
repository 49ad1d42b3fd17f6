import path from 'node:path';
import type { CommandIo } from '../command-io.ts';
import type { CallerCredential } from './caller-credential.ts';
import type { ComparedFile } from './planned-files.ts';

/** What one run of `generate` did, or would have done. */
export interface GenerateReport {
  /** What the files were made for, for programs that read the report. */
  readonly facts: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly files: readonly ComparedFile[];
  /** False where files were there that differ, and none was written. */
  readonly isWritten: boolean;
  /** Absent where the program asks nothing itself. */
  readonly credential?: CallerCredential | undefined;
  /** Where the caller's hash stands: file, line and setting. */
  readonly hashPlace?: string | undefined;
  readonly warnings: readonly string[];
}

/** The report for programs. A new secret's hash is in it, a secret never. */
export function renderJson(report: GenerateReport): string {
  const { facts, folder, files, isWritten, credential, hashPlace, warnings } = report;
  const secret =
    credential?.kind === 'made' ? { kind: 'made', hash: credential.hash, hashPlace } : { kind: credential?.kind };
  const shown = files.map(({ path: name, mode, state, diff }) => ({
    path: name,
    mode: mode.toString(8).padStart(4, '0'),
    state,
    ...(diff !== '' && { diff }),
  }));
  return `${JSON.stringify({ ...facts, folder, written: isWritten, files: shown, ...(credential !== undefined && { secret }), warnings }, null, 2)}\n`;
}

/** The report for people: what would change first, what to do last. */
export function tell(report: GenerateReport, io: CommandIo): void {
  const { folder, files, isWritten, credential, hashPlace, warnings } = report;
  for (const { path: name, state, diff, isSecret } of files) {
    io.out(diff);
    if (isSecret && state === 'changed') io.out(`${name}: differs; it is not shown\n`);
  }
  for (const warning of warnings) io.err(`warning: ${warning}\n`);
  if (!isWritten) return io.err(`${folder}: nothing was written; --force overwrites what differs\n`);
  const written = files.filter(({ state }) => state !== 'same').map(({ path: name }) => name);
  io.out(written.length === 0 ? `${folder}: is up to date\n` : `${folder}: wrote ${written.join(', ')}\n`);
  if (credential?.kind === 'made') {
    const where = `The service knows it once this hash stands in its configuration (${hashPlace})`;
    io.out(`A new secret was made. ${where}:\n  ${credential.hash}\n`);
  }
  if (written.length > 0) io.out(`Next: ${path.join(folder, 'README.md')} has the three commands that install them.\n`);
}
