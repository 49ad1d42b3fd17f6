import type { Command } from 'commander';
import type { CommandIo } from '../command-io.ts';

/** A program whose configuration can be made from that of the service: one subcommand of `generate`. */
export interface GenerateTarget {
  readonly name: string;
  readonly description: string;
  /** Adds options, help and action to the subcommand. */
  complete(command: Command, io: CommandIo): void;
}
