import type { Command } from 'commander';
import { CommandError, type CommandIo } from '../command-io.ts';
import { ALL_CHECKS } from './all-checks.ts';
import { runChecks } from './check.ts';
import { hasFailure, renderFindings, renderFindingsJson } from './doctor-report.ts';
import { gatherFacts } from './gather-facts.ts';
import { openMailHost } from './mail-host.ts';

const HELP = `
Run it on the mail host as root. It reads what doveconf prints, the Lua script, its settings, secret and certificates; asks the
service as Dovecot would, about a user that nobody can have; and changes nothing. One line each: ok, warn or FAIL, what is so, and
how to mend it.

--account tries a login through the running Dovecot; its password is asked for, or read from standard input. --probe also tries
that account with a wrong password, as typed and in spellings that Dovecot rewrites: up to three failed logins are counted.

Exit codes: 0 nothing fails (there may be warnings), 1 something fails, 2 wrong arguments.

Examples:
  nauthilus doctor dovecot
  nauthilus doctor dovecot --account alice@example.test --probe
  nauthilus doctor dovecot --config-dir /opt/mail/etc/dovecot --doveconf /opt/mail/bin/doveconf --json`;

interface DoctorOptions {
  readonly configDir?: string;
  readonly doveconf: string;
  readonly root: string;
  readonly account?: string;
  readonly probe?: true;
  readonly json?: true;
}

/** Adds the command that looks a Dovecot over. */
export function addDoctorDovecot(group: Command, io: CommandIo): void {
  group
    .command('dovecot')
    .description('Check the Dovecot of this machine: its settings, the glue, and whether the service answers it.')
    .option('--config-dir <folder>', 'the folder of dovecot.conf, when not the one Dovecot was built for')
    .option('--doveconf <program>', 'the program that prints the settings; doveadm lies beside it', 'doveconf')
    .option('--root <folder>', 'the folder that is "/" to Dovecot, where it runs in a container', '/')
    .option('--account <name>', 'an account whose login is tried; its password is asked for')
    .option('--probe', 'try wrong passwords for the account')
    .option('--json', 'print an object')
    .addHelpText('after', HELP)
    .action((options: DoctorOptions) => examine(options, io));
}

async function examine(
  { account, probe, json, configDir, doveconf, root }: DoctorOptions,
  io: CommandIo,
): Promise<void> {
  if (probe === true && account === undefined) throw new CommandError('--probe needs --account', 2);
  const isProbed = probe === true;
  const tried =
    account === undefined
      ? undefined
      : { name: account, password: await io.readPassword(`Password of ${account}: `), isProbed };
  const facts = await gatherFacts(openMailHost({ doveconf, configDir, root }), tried);
  const findings = runChecks(ALL_CHECKS, facts);
  io.out(json === true ? renderFindingsJson(facts.dovecot.versionText, findings) : renderFindings(findings));
  io.exitWith(hasFailure(findings) ? 1 : 0);
}
