import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '../../../src/login/secret.ts';
import { hashPassword } from '../../../src/passwords/hash-password.ts';
import { NauthilusProcess } from '../../daemons/nauthilus-process.ts';

/** The service as an operator starts it, in a folder of the test's own. */
export interface CallerService extends AsyncDisposable {
  readonly folder: string;
  /** Starts it with this configuration, or goes on with it where it runs. */
  configure(config: object): Promise<void>;
  /** The lines of its log that match. @throws {Error} where none comes within 5 s */
  logLines(pattern: RegExp): Promise<readonly string[]>;
}

/** Accounts and further settings that are the same for all of these tests. */
export const ACCOUNTS = [{ name: 'accounts', type: 'file', path: 'accounts.passwd' }];

/** Makes the folder; {@link CallerService.configure} starts the service. */
export async function createCallerService(): Promise<CallerService> {
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-callers-'));
  await writeFile(
    join(folder, 'accounts.passwd'),
    `alice@example.test:${await hashPassword(Secret.fromText('alice-pw'), 'SSHA512')}::::::\n`,
  );
  const service = new NauthilusProcess(folder);
  const reloads = async () => (await service.log()).split('"what":"configuration"').length;
  return {
    folder,
    async configure(config) {
      await writeFile(join(folder, 'nauthilus.yaml'), JSON.stringify({ backends: ACCOUNTS, ...config }, undefined, 2));
      if (service.pid === undefined) return service.start();
      const before = await reloads();
      process.kill(service.pid, 'SIGHUP');
      for (const end = Date.now() + 5000; (await reloads()) === before; await sleep(20))
        if (Date.now() > end) throw new Error(`the configuration was not taken: ${await service.log()}`);
    },
    async logLines(pattern) {
      for (const end = Date.now() + 5000; ; await sleep(20)) {
        const found = (await service.log()).split('\n').filter((line) => pattern.test(line));
        if (found.length > 0) return found;
        if (Date.now() > end) throw new Error(`no line matches ${pattern}: ${await service.log()}`);
      }
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
