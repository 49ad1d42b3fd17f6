import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { CommandIo } from './command-io.ts';

/** Name of the file in a data folder that `serve --hints` shows. */
const HINTS = 'hints.txt';

export function addInitCommand(program: Command, io: CommandIo): void {
  program
    .command('init')
    .argument('<folder>', 'the data folder to fill; made where it is missing')
    .description(
      'Make a data folder: a self-signed certificate, a credential for one caller, an accounts file and an annotated\n' +
        'configuration. What is there already is left as it is.',
    )
    .option('--demo', 'add three demo accounts with passwords made by chance')
    .option('--json', 'print an object')
    .action(async (given: string, options: { demo?: true; json?: true }) => {
      const { DATA_FILES, fillDataFolder, readDemoPasswords } = await import('./init/data-folder.ts');
      const folder = path.resolve(given);
      const { made } = await fillDataFolder(folder, options.demo === true);
      const hints = renderHints(folder, DATA_FILES, await readDemoPasswords(folder));
      await writeFile(path.join(folder, HINTS), hints, { mode: 0o600 });
      if (options.json) io.out(`${JSON.stringify({ folder, made })}\n`);
      else if (made.length > 0)
        io.out(`made ${made.map((file) => path.relative(folder, file)).join(', ')} in ${folder}\n`);
      else io.out(`${folder} is complete; nothing was made\n`);
    });
}

function renderHints(
  folder: string,
  files: { readonly certificate: string; readonly credential: string; readonly config: string },
  demo: ReadonlyMap<string, string>,
): string {
  const quoted = (name: string) => `'${path.join(folder, name).replaceAll("'", "'\\''")}'`;
  const curl = `curl --cacert ${quoted(files.certificate)} -u "$(cat ${quoted(files.credential)})"`;
  const url = 'https://127.0.0.1:9443/api/v1/auth/json';
  const lines = [
    `The caller's credential (name:secret, mode 0600): ${path.join(folder, files.credential)}`,
    `The configuration: ${path.join(folder, files.config)}`,
  ];
  if (demo.size > 0) lines.push('Demo accounts (carol is disabled):');
  for (const [name, password] of demo) lines.push(`  ${name}  ${password}`);
  const [first] = demo;
  lines.push('Try it, in another terminal:');
  if (first !== undefined) {
    const body = JSON.stringify({ username: first[0], password: first[1], protocol: 'imap', client_ip: '127.0.0.1' });
    lines.push(`  ${curl} -i -H 'Content-Type: application/json' -d '${body}' ${url}`);
  }
  lines.push(`  ${curl} '${url}?mode=list-accounts'`);
  return `${lines.join('\n')}\n`;
}
