/**
 * Runs the acceptance scenarios that a folder beside the project holds, with the login script that existing installations
 * use, against this service over HTTPS. Where there is no such folder, there is nothing to run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startNauthilus } from '../daemons/nauthilus.ts';
import { type Fixtures, renderFixtures } from './fixtures.ts';

const FOLDER = new URL('../../../shared/acceptance/', import.meta.url);

async function readFixtures(): Promise<Fixtures | undefined> {
  try {
    return JSON.parse(await readFile(new URL('fixtures.json', FOLDER), 'utf8')) as Fixtures;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function main(): Promise<number> {
  const fixtures = await readFixtures();
  if (fixtures === undefined) {
    console.log(`acceptance: nothing to run, ${fileURLToPath(FOLDER)} is not there`);
    return 0;
  }
  const { user, password } = fixtures.basic_auth;
  await using service = await startNauthilus({
    accounts: renderFixtures(fixtures),
    credential: `${user}:${password}`,
  });
  const script = fileURLToPath(new URL('run.sh', FOLDER));
  const args = [service.url, service.caFile, user, password, ...process.argv.slice(2)];
  const child = spawn(script, args, { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

process.exitCode = await main();
