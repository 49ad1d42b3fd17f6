/**
 * A real nginx with its mail proxy for tests: on free loopback ports, with everything it writes in a temporary folder. Stopped by
 * its pid.
 *
 * @module
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopDaemon, untilOpen } from './child-daemon.ts';

const START_DEADLINE_MS = 10_000;

export interface NginxOptions {
  /** Its `mail` or `http` block, and all else but what keeps it in the folder. */
  readonly blocks: string;
  /** Ports that must take connections. */
  readonly ports: readonly number[];
  /** More files for its folder, by name. `FOLDER` in the blocks becomes the path of the folder. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Nginx extends AsyncDisposable {
  /** What it has logged so far. */
  log(): Promise<string>;
}

/** Starts it; its ports take connections once the promise is fulfilled. @throws {Error} with its own words where it does not start */
export async function startNginx({ blocks, ports, files = {} }: NginxOptions): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-nginx-'));
  const logFile = join(folder, 'error.log');
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const conf = join(folder, 'nginx.conf');
  await writeFile(
    conf,
    `load_module /usr/lib/nginx/modules/ngx_mail_module.so;
daemon off;
user root;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${logFile} info;
events { worker_connections 256; }
${blocks.replaceAll('FOLDER', folder)}
`,
  );
  const child = spawn('nginx', ['-c', conf, '-p', folder, '-e', logFile], { stdio: ['ignore', 'ignore', 'inherit'] });
  const nginx: Nginx = {
    log: () => readFile(logFile, 'utf8'),
    async [Symbol.asyncDispose]() {
      await stopDaemon(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    for (const port of ports) await untilOpen(port, child, START_DEADLINE_MS);
    return nginx;
  } catch (error) {
    const said = await nginx.log().catch(() => '');
    await nginx[Symbol.asyncDispose]();
    throw new Error(`nginx does not start: ${said}`, { cause: error });
  }
}
