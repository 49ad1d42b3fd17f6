import type { Command } from 'commander';
import type { CommandIo } from './command-io.ts';
import { dovecotTarget } from './generate/dovecot/dovecot.ts';
import { dovecotPolicyTarget } from './generate/dovecot/dovecot-policy.ts';
import { eximTarget } from './generate/lines/exim.ts';
import { haproxyTarget } from './generate/haproxy.ts';
import { nginxTarget } from './generate/nginx.ts';
import { postfixTarget } from './generate/lines/postfix.ts';
import { saslauthdTarget } from './generate/saslauthd.ts';
import type { GenerateTarget } from './generate/target.ts';

/** The programs that files can be made for. Another is one more file in generate/ and one more line here. */
const TARGETS: readonly GenerateTarget[] = [
  dovecotTarget,
  dovecotPolicyTarget,
  nginxTarget,
  postfixTarget,
  eximTarget,
  saslauthdTarget,
  haproxyTarget,
];

/** `nauthilus generate`: configurations of mail servers, made from that of the service. */
export function addGenerateCommand(program: Command, io: CommandIo): void {
  const group = program
    .command('generate')
    .description("Make the files by which mail servers ask this service, from the service's own configuration.")
    .addHelpText(
      'after',
      '\nExamples:\n  nauthilus generate dovecot --version 2.3 --output dovecot-files\n  nauthilus generate nginx --output nginx-files',
    );
  for (const target of TARGETS) target.complete(group.command(target.name).description(target.description), io);
}
