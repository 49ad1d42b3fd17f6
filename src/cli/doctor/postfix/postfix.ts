import type { Command } from 'commander';
import type { CommandIo } from '../../command-io.ts';
import { runChecks } from '../check.ts';
import { hasFailure, renderFindings } from '../doctor-report.ts';
import { POSTFIX_CHECKS } from './postfix-checks.ts';
import { gatherPostfixFacts } from './postfix-facts.ts';

const HELP = `
Run it on the mail host as root. It reads what postconf prints, asks where smtpd_sasl_path points to as Postfix would, about a user
that nobody can have, and changes nothing. It finds a Dovecot that takes every password: one whose passdb has proxy or nopassword
proves nothing at its auth socket, and a Postfix that asks there relays mail for everybody. One line each: ok, warn or FAIL, what is
so, and how to mend it.

--account names an account that there is: its login is tried with a password made up for it. That failed login is counted.

Exit codes: 0 nothing fails (there may be warnings), 1 something fails, 2 wrong arguments.

Examples:
  nauthilus doctor postfix
  nauthilus doctor postfix --account alice@example.test --json`;

interface DoctorOptions {
  readonly configDir?: string;
  readonly doveconf: string;
  readonly account?: string;
  readonly json?: true;
}

/** Adds the command that looks a Postfix over. */
export function addDoctorPostfix(group: Command, io: CommandIo): void {
  group
    .command('postfix')
    .description(
      'Check the Postfix of this machine: whom it asks about logins, and whether that one takes any password.',
    )
    .option('--config-dir <folder>', 'the folder of main.cf, when not the one Postfix was built for')
    .option('--doveconf <program>', 'the program that prints the settings of Dovecot, where there is one', 'doveconf')
    .option('--account <name>', 'an account whose login is tried with a wrong password')
    .option('--json', 'print an object')
    .addHelpText('after', HELP)
    .action((options: DoctorOptions) => examine(options, io));
}

async function examine({ configDir, doveconf, account, json }: DoctorOptions, io: CommandIo): Promise<void> {
  const facts = await gatherPostfixFacts({ configDir, doveconf, account });
  const findings = runChecks(POSTFIX_CHECKS, facts);
  const isOk = !hasFailure(findings);
  const version = typeof facts.settings === 'string' ? '' : (facts.settings.get('mail_version') ?? '');
  const report = { ok: isOk, postfix: version, findings };
  io.out(json === true ? `${JSON.stringify(report, null, 2)}\n` : renderFindings(findings));
  io.exitWith(isOk ? 0 : 1);
}
