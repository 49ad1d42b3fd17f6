import { LineConnection } from './line-connection.ts';

/** Logs in over POP3 (RFC 1939) and out again; gives the answer to PASS. */
export async function pop3Login(
  port: number,
  {
    user,
    password,
    startTls = false,
  }: { readonly user: string; readonly password: string; readonly startTls?: boolean },
): Promise<string> {
  const connection = await LineConnection.open(port);
  try {
    await connection.line();
    if (startTls) {
      await ask(connection, 'STLS');
      await connection.startTls();
    }
    await ask(connection, `USER ${user}`);
    const answer = await ask(connection, `PASS ${password}`);
    connection.send('QUIT');
    return answer;
  } finally {
    connection.close();
  }
}

function ask(connection: LineConnection, line: string): Promise<string> {
  connection.send(line);
  return connection.line();
}
