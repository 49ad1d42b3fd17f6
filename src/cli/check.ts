import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { ConfigError, type ConfigProblem, formatProblem } from '../config/config-error.ts';
import { loadConfig } from '../config/load.ts';
import { locateConfig } from '../config/locate-config.ts';
import { renderStep, tryOnline, type TrialStep } from './check/online.ts';
import { tryConfig } from './check/try-config.ts';
import type { CommandIo } from './command-io.ts';

const HELP = `
Looks at everything that a start would need: the settings, secrets in files, hashes of callers, certificates with their
keys, files of accounts. Each problem is one line: FILE:LINE:COLUMN: SETTING: what is wrong and what is allowed.
Addresses are not tried, so that a running service is not disturbed.

With --online the servers of backends are tried too, as the service would use them: connect, TLS, bind, search, list; and
those of state.redis: connect, write, run a script, announce; and each mail host is probed once. Each
step is one line that says what failed and what to set. Nothing is changed there, but for one key in Redis that ends within a second.

Exit codes: 0 the service would start, 1 it would not, 2 wrong arguments.

Examples:
  nauthilus check --config /etc/nauthilus/nauthilus.yaml
  nauthilus check && systemctl restart nauthilus`;

/** What a check found. */
interface Report {
  readonly file: string;
  readonly isUsable: boolean;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
  /** Absent where servers were not tried. */
  readonly online?: readonly TrialStep[];
}

interface CheckOptions {
  readonly config?: string;
  readonly json?: true;
  readonly online?: true;
}

/** Adds the command that says whether a configuration can be used, and all that is wrong with it. */
export function addCheckCommand(program: Command, io: CommandIo): void {
  program
    .command('check')
    .description('Check the configuration and the files it names, without starting anything.')
    .option('-c, --config <file>', 'the configuration')
    .option('--online', 'try the servers of backends and of the state, and mail hosts, too')
    .option('--json', 'print an object')
    .addHelpText('after', HELP)
    .action(async ({ config, json, online }: CheckOptions) => {
      const show = json === true ? () => {} : (step: TrialStep) => io.out(`${renderStep(step)}\n`);
      const report = await check(locateConfig(config, io.env), io.env, online === true ? show : undefined);
      if (json === true) io.out(renderJson(report));
      else tell(report, io);
      io.exitWith(report.isUsable ? 0 : 1);
    });
}

/** @param onStep makes it try servers too */
async function check(file: string, env: NodeJS.ProcessEnv, onStep?: (step: TrialStep) => void): Promise<Report> {
  try {
    const config = await loadConfig(file, env);
    const { problems, warnings } = await tryConfig(config, new Date());
    const all = [...config.warnings, ...warnings];
    const report = { file, isUsable: problems.length === 0, problems, warnings: all };
    return onStep === undefined ? report : await withServers(report, config, onStep);
  } catch (cause) {
    if (cause instanceof ConfigError) return { file, isUsable: false, problems: cause.problems, warnings: [] };
    throw cause;
  }
}

async function withServers(report: Report, config: Config, onStep: (step: TrialStep) => void): Promise<Report> {
  const online: TrialStep[] = [];
  for await (const step of tryOnline(config)) {
    online.push(step);
    onStep(step);
  }
  const isUsable = report.isUsable && online.every(({ result }) => result !== 'failed');
  return { ...report, isUsable, online };
}

function renderJson({ file, isUsable, problems, warnings, online }: Report): string {
  const steps = online === undefined ? {} : { online };
  return `${JSON.stringify({ file, ok: isUsable, problems, warnings, ...steps }, null, 2)}\n`;
}

function tell({ file, isUsable, problems, warnings }: Report, io: CommandIo): void {
  for (const problem of problems) io.err(`${formatProblem(problem)}\n`);
  for (const warning of warnings) io.err(`${formatProblem({ ...warning, message: `warning: ${warning.message}` })}\n`);
  if (isUsable) io.out(`${file}: ok\n`);
}
