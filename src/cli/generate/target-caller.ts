import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { locateConfig } from '../../config/locate-config.ts';
import type { SecretCallerConfig } from '../../wire/http/callers-config.ts';
import { CommandError } from '../command-io.ts';
import { type CallerCredential, findCredential } from './caller-credential.ts';
import { chooseCaller } from './chosen-caller.ts';
import type { DeliveryOptions } from './deliver-files.ts';

/** Options of targets that prove themselves to the service. */
export interface CallerOptions extends DeliveryOptions {
  readonly config?: string;
  readonly caller?: string;
  readonly secretFile?: string;
  readonly newSecret?: true;
}

/** The configuration of the service, with who asks it. */
export interface TargetCaller {
  readonly config: Config;
  readonly caller: SecretCallerConfig;
}

/**
 * Reads the configuration and finds the caller that a program is.
 * @throws {CommandError} where options exclude each other, or no caller can be chosen
 * @throws {ConfigError} where the configuration cannot be used
 */
export async function findCaller(
  options: CallerOptions,
  env: NodeJS.ProcessEnv,
  program: string,
): Promise<TargetCaller> {
  if (options.newSecret && options.secretFile !== undefined)
    throw new CommandError('give --secret-file or --new-secret, not both', 2);
  const config = await loadConfig(locateConfig(options.config, env), env);
  return { config, caller: chooseCaller(config, options.caller, program) };
}

/** The credential of a target whose secret goes to a file of this name. @throws {CommandError} as {@link findCredential} does */
export function credentialOf(
  { config, caller }: TargetCaller,
  options: CallerOptions,
  secretName: string,
): Promise<CallerCredential> {
  return findCredential({
    config,
    caller,
    secretFile: options.secretFile,
    writtenFile: path.join(options.output, secretName),
    isNewWanted: options.newSecret === true,
  });
}
