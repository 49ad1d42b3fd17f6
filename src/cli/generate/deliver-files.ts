import path from 'node:path';
import type { CommandIo } from '../command-io.ts';
import { type GenerateReport, renderJson, tell } from './generate-report.ts';
import { compareFiles, type PlannedFile, writeFiles } from './planned-files.ts';

/** How a target's files are to be written and told of; as the command line names it. */
export interface DeliveryOptions {
  readonly output: string;
  readonly force?: true;
  readonly json?: true;
}

/** Files of a target, with what is to be told of them. */
export interface Delivery extends Pick<GenerateReport, 'facts' | 'credential' | 'hashPlace' | 'warnings'> {
  readonly files: readonly PlannedFile[];
}

/** Writes the files, unless some are there that differ and may not be overwritten, and tells what was done; then the exit code is 1. */
export async function deliverFiles(delivery: Delivery, options: DeliveryOptions, io: CommandIo): Promise<void> {
  const { files: planned, ...told } = delivery;
  const files = await compareFiles(options.output, planned);
  const isHeldBack = files.some(({ state }) => state === 'changed') && options.force !== true;
  if (!isHeldBack) await writeFiles(options.output, files);
  const report: GenerateReport = { ...told, folder: path.resolve(options.output), files, isWritten: !isHeldBack };
  if (options.json) io.out(renderJson(report));
  else tell(report, io);
  io.exitWith(isHeldBack ? 1 : 0);
}
