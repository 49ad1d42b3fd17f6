import { type Command, Option } from 'commander';
import { DOVECOT_VERSIONS, type DovecotVersion } from './dovecot-conf.ts';
import { readPlainPath } from '../plain-path.ts';
import { findTrust, type ServiceTrust } from '../service-trust.ts';
import { hostOf, type ServiceUrl } from '../service-url.ts';
import type { CallerOptions } from '../target-caller.ts';

/** Options of targets that are a Dovecot's. */
export interface DovecotTargetOptions extends CallerOptions {
  readonly version: DovecotVersion;
  readonly url?: string;
  readonly ca?: string;
  readonly installedIn: string;
}

export function addDovecotOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--version <version>', 'the version of Dovecot').choices(DOVECOT_VERSIONS).makeOptionMandatory(),
    )
    .requiredOption('-o, --output <folder>', 'where to write; made where it is missing')
    .option('-c, --config <file>', 'the configuration of the service')
    .option('--caller <name>', 'the caller that this Dovecot is; needed where there are several and none is "dovecot"')
    .option('--url <url>', 'where this Dovecot reaches the service (default: the first listener with TLS)')
    .option('--ca <file>', "PEM file of the authority that signed the service's certificate, where its chain lacks it")
    .option('--secret-file <file>', "file with the caller's secret")
    .option('--new-secret', 'make a new secret; its hash has to be put into the configuration')
    .option(
      '--installed-in <folder>',
      'the folder of the mail host that the files go to',
      readPlainPath,
      '/etc/dovecot',
    );
}

/** What a Dovecot has to trust, where it asks over TLS. @throws {CommandError} where that cannot be told */
export async function trustOf(
  options: DovecotTargetOptions,
  { url, listener }: Pick<ServiceUrl, 'url' | 'listener'>,
): Promise<ServiceTrust | undefined> {
  if (url.protocol !== 'https:') return undefined;
  const certificateFile = options.ca === undefined || options.url === undefined ? listener.tls?.certificate : undefined;
  return findTrust({ certificateFile, caFile: options.ca, host: hostOf(url) });
}
