import { LineConnection } from './line-connection.ts';

/** Logs in over ManageSieve (RFC 5804) and out again; gives the last line of the answer. */
export async function sieveLogin(port: number, user: string, password: string): Promise<string> {
  const connection = await LineConnection.open(port);
  try {
    await lastLine(connection);
    const message = Buffer.from(`\0${user}\0${password}`).toString('base64');
    connection.send(`AUTHENTICATE "PLAIN" "${message}"`);
    return await lastLine(connection);
  } finally {
    connection.close();
  }
}

async function lastLine(connection: LineConnection): Promise<string> {
  for (;;) {
    const line = await connection.line();
    if (/^(OK|NO|BYE)/.test(line)) return line;
  }
}
