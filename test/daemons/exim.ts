/**
 * A real Exim 4.98, Debian 13's, for tests: it takes logins and keeps no mail. Stopped by its pid.
 *
 * @module
 */
import type { ChildProcess } from 'node:child_process';
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOpen, stopDaemon } from './child-daemon.ts';
import { freePort } from './free-port.ts';
import type { Trixie, TrixieFolder } from './trixie.ts';

const START_DEADLINE_MS = 10_000;

export interface Exim extends AsyncDisposable {
  readonly port: number;
  /** What it has logged so far. */
  log(): Promise<string>;
}

/**
 * Starts it with authenticators as its configuration has them.
 * @param folder where its own files go, and nothing else yet
 * @throws {Error} with its own words where it does not start
 */
export async function startExim(trixie: Trixie, folder: TrixieFolder, authenticators: string): Promise<Exim> {
  const port = await freePort();
  const spool = join(folder.outside, 'spool');
  const { uid, gid } = await trixie.user('Debian-exim');
  await mkdir(spool);
  await chown(spool, uid, gid);
  await writeFile(join(folder.outside, 'exim.conf'), configOf(join(folder.inside, 'spool'), port, authenticators));
  const child = trixie.spawn('/usr/sbin/exim4', ['-C', join(folder.inside, 'exim.conf'), '-bdf']);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const exim = new RunningExim(port, child, join(spool, 'main.log'));
  for (const deadline = Date.now() + START_DEADLINE_MS; !(await isOpen(port)); await sleep(20)) {
    if (child.exitCode === null && Date.now() < deadline) continue;
    await exim[Symbol.asyncDispose]();
    throw new Error(`Exim does not start: ${said}`);
  }
  return exim;
}

function configOf(spool: string, port: number, authenticators: string): string {
  return `
primary_hostname = mx.example.test
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = ${spool}
log_file_path = ${spool}/%s.log
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
pid_file_path = ${spool}/exim.pid
host_lookup =
rfc1413_hosts =
auth_advertise_hosts = *
tls_advertise_hosts =
keep_environment =
acl_smtp_rcpt = logged_in
acl_smtp_data = take_none
begin acl
logged_in:
  accept authenticated = *
  deny
take_none:
  discard
begin routers
none:
  driver = redirect
  data = :blackhole:
begin authenticators
${authenticators}`;
}

class RunningExim implements Exim {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #logFile: string;

  constructor(port: number, child: ChildProcess, logFile: string) {
    this.port = port;
    this.#child = child;
    this.#logFile = logFile;
  }

  log(): Promise<string> {
    return readFile(this.#logFile, 'utf8').catch(() => '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopDaemon(this.#child);
  }
}
