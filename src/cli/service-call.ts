import type { Command } from 'commander';
import { locateConfig } from '../config/locate-config.ts';
import { CommandError, type CommandIo } from './command-io.ts';
import { askService, type ControlCall, findControlSocket } from './control-client.ts';

/** Options of every command that asks the running service. */
export interface ServiceOptions {
  readonly config?: string;
  readonly socket?: string;
  readonly json?: true;
}

/** Adds the options that say which service is asked, and how the answer is printed. */
export function withServiceOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration that the service was started with')
    .option('--socket <path>', 'the control socket, instead of the one of the configuration')
    .option('--json', 'print the answer as an object');
}

/** What the service answered. */
export interface ServiceReply<Result> {
  /** The whole answer, as it came. */
  readonly body: string;
  readonly result: Result;
}

/**
 * Asks the service and gives the `result` of its answer.
 * @throws {CommandError} with exit code 2 where it finds the question malformed, 1 for what it cannot do
 */
export async function callService<Result>(
  options: ServiceOptions,
  io: CommandIo,
  call: ControlCall,
): Promise<ServiceReply<Result>> {
  const socket = options.socket ?? (await findControlSocket(locateConfig(options.config, io.env), io.env));
  const { status, body } = await askService(socket, call);
  const answer = parse(body);
  if (status === 200) return { body, result: answer.result as Result };
  const text = answer.error ?? errorIn(answer.result) ?? body;
  throw new CommandError(
    status === 400 || status === 404 ? text : `the service answered ${status}: ${text}`,
    status === 400 ? 2 : 1,
  );
}

interface Answer {
  readonly result?: unknown;
  readonly error?: string;
}

function parse(body: string): Answer {
  try {
    return JSON.parse(body) as Answer;
  } catch {
    return { error: body };
  }
}

function errorIn(result: unknown): string | undefined {
  return (result as { readonly error?: string } | undefined)?.error;
}
