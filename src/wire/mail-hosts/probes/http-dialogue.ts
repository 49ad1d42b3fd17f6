import { unwanted } from './dialogue.ts';
import type { ProbeConnection } from './probe-connection.ts';
import type { ProbeLogin, ProbeSettings } from './probe-settings.ts';

/** Asks for a path (RFC 9112) and looks at the status alone, with Basic credentials (RFC 7617) where there is a login. */
export async function askHttp(
  connection: ProbeConnection,
  { host, http, login }: Pick<ProbeSettings, 'http' | 'login'> & { readonly host: string },
): Promise<void> {
  const name = host.includes(':') ? `[${host}]` : host;
  connection.send(`GET ${http.path} HTTP/1.1`);
  for (const line of [`Host: ${name}`, 'User-Agent: nauthilus-probe', 'Accept: */*', 'Connection: close'])
    connection.send(line);
  if (login !== undefined) connection.send(`Authorization: Basic ${credentials(login)}`);
  connection.send('');
  const line = await connection.line(`GET ${http.path}`);
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line) ?? [];
  if (status !== String(http.status)) throw unwanted(`GET ${http.path}: not ${http.status} but`, line);
}

function credentials({ name, password }: ProbeLogin): string {
  return Buffer.concat([Buffer.from(`${name}:`, 'utf8'), password.reveal()]).toString('base64');
}
