import { LineConnection } from './line-connection.ts';

/** As much of an SMTP (RFC 5321), submission (RFC 6409) and LMTP (RFC 2033) client as the tests need. */
export class SmtpClient {
  readonly #connection: LineConnection;
  readonly #greeting: 'EHLO' | 'LHLO';

  private constructor(connection: LineConnection, greeting: 'EHLO' | 'LHLO') {
    this.#connection = connection;
    this.#greeting = greeting;
  }

  /** Connects and says EHLO, or LHLO for LMTP. */
  static async open(port: number, greeting: 'EHLO' | 'LHLO' = 'EHLO'): Promise<SmtpClient> {
    const connection = await LineConnection.open(port);
    await connection.line();
    const client = new SmtpClient(connection, greeting);
    await client.#greet();
    return client;
  }

  async startTls(): Promise<void> {
    const answer = await this.command('STARTTLS');
    if (!answer.startsWith('220')) throw new Error(`STARTTLS: ${answer}`);
    await this.#connection.startTls();
    await this.#greet();
  }

  /** AUTH PLAIN (RFC 4954) */
  authPlain(user: string, password: string): Promise<string> {
    return this.command(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`);
  }

  /** AUTH LOGIN */
  async authLogin(user: string, password: string): Promise<string> {
    await this.command('AUTH LOGIN');
    await this.command(Buffer.from(user).toString('base64'));
    return this.command(Buffer.from(password).toString('base64'));
  }

  /** Sends a small message; gives the first answer that is no success, or the one to its content. */
  async deliver(from: string, to: string, subject = 'A test'): Promise<string> {
    for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA']) {
      const answer = await this.command(line);
      if (!/^[23]/.test(answer)) return answer;
    }
    return this.command(`Subject: ${subject}\r\n\r\nHello.\r\n.`);
  }

  /** Sends a line; gives the last line of the answer. */
  async command(line: string): Promise<string> {
    this.#connection.send(line);
    for (;;) {
      const answer = await this.#connection.line();
      if (!/^\d{3}-/.test(answer)) return answer;
    }
  }

  close(): void {
    this.#connection.close();
  }

  async #greet(): Promise<void> {
    const answer = await this.command(`${this.#greeting} client.example.test`);
    if (!answer.startsWith('250')) throw new Error(`${this.#greeting}: ${answer}`);
  }
}

/** Says what is answered to a login on a connection of its own. */
export async function smtpLogin(
  port: number,
  way: 'authPlain' | 'authLogin',
  user: string,
  password: string,
): Promise<string> {
  const client = await SmtpClient.open(port);
  try {
    return await client[way](user, password);
  } finally {
    client.close();
  }
}
