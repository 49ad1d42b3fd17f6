import type { Command } from 'commander';
import { stringify } from 'yaml';
import { loadConfigAndSettings } from '../config/load.ts';
import { locateConfig } from '../config/locate-config.ts';
import { SettingsSchema } from '../config/schema.ts';
import { changedSettings, shownSettings } from '../config/shown-settings.ts';
import type { CommandIo } from './command-io.ts';

const HELP = `
Values from the environment are filled in, defaults too; secrets are left out. What is printed is itself a configuration
where all secrets are in files.

Exit codes: 0 printed, 1 the configuration cannot be used, 2 wrong arguments.

Examples:
  nauthilus config --config /etc/nauthilus/nauthilus.yaml
  nauthilus config --changed
  nauthilus config --json | jq .http`;

interface ConfigOptions {
  readonly config?: string;
  readonly changed?: true;
  readonly json?: true;
}

/** Adds the command that prints what is in force: the file with the environment and the defaults filled in. */
export function addConfigCommand(program: Command, io: CommandIo): void {
  program
    .command('config')
    .description('Print the settings in force, secrets left out.')
    .option('-c, --config <file>', 'the configuration')
    .option('--changed', 'only what differs from the defaults')
    .option('--json', 'print an object')
    .addHelpText('after', HELP)
    .action(async (options: ConfigOptions) => {
      const { settings } = await loadConfigAndSettings(locateConfig(options.config, io.env), io.env);
      const chosen = options.changed === true ? changedSettings(settings, SettingsSchema) : settings;
      const shown = shownSettings(chosen, SettingsSchema);
      io.out(options.json === true ? `${JSON.stringify(shown, null, 2)}\n` : renderYaml(shown));
    });
}

/** What would stand for a variable if it were read again is written so that it stands for itself. */
function renderYaml(shown: unknown): string {
  const escape = (_: unknown, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('${', () => '$${') : value;
  return stringify(shown, escape, { lineWidth: 0 });
}
