import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/amounts.ts';
import type { CommandIo } from './command-io.ts';
import { DOORS, type LoadDoor } from './load/ask-doors.ts';
import { type LoadOptions, load } from './load/load-command.ts';

const HELP = `
Asks a running service about the logins of a table, many at a time, and says whether each was decided as the table expects.

The first line of the table names its columns: the fields of the JSON door (username, password, protocol, client_ip ...; account,
user, login and email mean username), expected_ok (true or false; nothing for any decision) and no_auth (true for look-ups).
Other columns are left alone. Tables may be of any size. An answer that asks to try again later, and a row without an answer, are
never as expected.

A caller proves itself by a secret (--credential-file: one line, name:secret), a token (--token-file) or a certificate (--cert, --key).
Secrets are never arguments; - reads them from standard input. The door basic needs none.

Ctrl-C ends the run and prints the report. Exit codes: 0 all as expected, 1 some not or unanswered, 2 wrong arguments or table.

Examples:
  nauthilus load --csv logins.csv --url https://auth.example.test:9443 --ca ca.pem --credential-file callers/load.credential
  nauthilus load --csv logins.csv --url http://127.0.0.1:9080 --rate 200 --duration 5m --json < callers/load.credential
  nauthilus load --csv - --url http://127.0.0.1:9080 --door basic --concurrency 64 < logins.csv`;

/** Adds the command that asks about the logins of a table. */
export function addLoadCommand(program: Command, io: CommandIo): void {
  program
    .command('load')
    .description('Ask a running service about the logins of a CSV table, and compare the answers with what it expects.')
    .requiredOption('--csv <file>', 'the table; - for standard input')
    .requiredOption('--url <url>', 'where the service answers, without the path of the door', parseUrl)
    .addOption(
      new Option('--door <door>', 'the door that is asked').choices([...DOORS]).default('json' satisfies LoadDoor),
    )
    .option('--credential-file <file>', "the caller's name:secret; - for standard input, as where no proof is named")
    .option('--token-file <file>', "the caller's token; - for standard input")
    .option('--cert <file>', "PEM file of the caller's certificate")
    .option('--key <file>', 'PEM file of its key')
    .option('--ca <file>', 'PEM file of the authorities that vouch for the service')
    .option('--concurrency <n>', 'questions under way at a time', parseCount(1, 10_000), 16)
    .option('--rate <n>', 'questions begun per second at most; 0 for as many as can be', parseCount(0, 1_000_000), 0)
    .option(
      '--duration <time>',
      'begin nothing more after so long, such as 30s; the table is asked over and over',
      parseTime,
    )
    .option('--loops <n>', 'how often the table is asked', parseCount(1, 1_000_000_000))
    .option('--max <n>', 'questions at most', parseCount(1, 1_000_000_000_000))
    .addOption(new Option('--timeout <time>', 'time for an answer').argParser(parseTime).default(10_000, '10s'))
    .option('--no-keep-alive', 'a connection of its own for each question')
    .addOption(
      new Option('--delimiter <name>', 'what is between columns; found out where left out').choices([
        'comma',
        'semicolon',
        'tab',
      ]),
    )
    .option('--mismatches <n>', 'how many rows that are not as expected are listed', parseCount(0, 100_000), 20)
    .option('--no-progress', 'tell nothing on the way')
    .option('--json', 'print the report as an object')
    .addHelpText('after', HELP)
    .action((options: LoadOptions) => load(options, io));
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new InvalidArgumentError('It must be a URL such as https://auth.example.test:9443.');
  if (url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('It must hold no credentials: they would be seen in the list of processes.');
  return url;
}

function parseCount(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = /^[0-9]{1,13}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= least && count <= most) return count;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

function parseTime(text: string): number {
  if (/^0*[1-9][0-9]{0,6}(ms|s|m|h)$/.test(text)) return parseDuration(text);
  throw new InvalidArgumentError('It must be a time such as 500ms, 30s, 5m or 1h.');
}
