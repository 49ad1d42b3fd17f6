import type { Command } from 'commander';
import type { CommandIo } from './command-io.ts';
import { addDoctorDovecot } from './doctor/dovecot.ts';
import { addDoctorPostfix } from './doctor/postfix/postfix.ts';

/** `nauthilus doctor`: what is wrong with a mail server that asks this service, and how to mend it. */
export function addDoctorCommand(program: Command, io: CommandIo): void {
  const group = program
    .command('doctor')
    .description('Find out what is wrong with a mail server that asks this service.')
    .addHelpText('after', '\nExamples:\n  nauthilus doctor dovecot\n  nauthilus doctor postfix');
  addDoctorDovecot(group, io);
  addDoctorPostfix(group, io);
}
