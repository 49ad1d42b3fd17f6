import { LineConnection, type Listener } from './line-connection.ts';

export interface ImapAnswer {
  readonly isOk: boolean;
  /** The tagged line without its tag: `OK [CAPABILITY …] Logged in`. */
  readonly text: string;
  /** The untagged lines before it. */
  readonly untagged: readonly string[];
}

/** As much of an IMAP client (RFC 9051) as a login and a look around need. */
export class ImapClient {
  readonly #connection: LineConnection;
  #count = 0;

  private constructor(connection: LineConnection) {
    this.#connection = connection;
  }

  /** @param from loopback address that it comes from; `said` is sent before all else */
  static async open(port: number, listen?: Listener, from?: string, said?: string): Promise<ImapClient> {
    const connection = await LineConnection.open(port, listen, from);
    if (said !== undefined) connection.send(said);
    await connection.line();
    return new ImapClient(connection);
  }

  /** Sends a command; `continuations` are what is sent for each `+` of the server, in order. */
  async command(line: string, ...continuations: readonly Buffer[]): Promise<ImapAnswer> {
    const tag = `a${++this.#count}`;
    const untagged: string[] = [];
    const rest = [...continuations];
    this.#connection.send(`${tag} ${line}`);
    for (;;) {
      const answer = await this.#connection.line();
      if (answer.startsWith('+')) this.#connection.send(rest.shift() ?? Buffer.from('*'));
      else if (answer.startsWith(`${tag} `)) return toAnswer(answer.slice(tag.length + 1), untagged);
      else untagged.push(answer);
    }
  }

  async startTls(own?: { readonly cert: string; readonly key: string }): Promise<void> {
    const { isOk, text } = await this.command('STARTTLS');
    if (!isOk) throw new Error(`STARTTLS: ${text}`);
    await this.#connection.startTls(own);
  }

  login(user: string, password: string): Promise<ImapAnswer> {
    return this.command(`LOGIN ${quoted(user)} ${quoted(password)}`);
  }

  /** LOGIN with a literal, for passwords that cannot be quoted. */
  loginWithBytes(user: string, password: Buffer): Promise<ImapAnswer> {
    return this.command(`LOGIN ${quoted(user)} {${password.length}}`, password);
  }

  /** AUTHENTICATE PLAIN (RFC 4616); `authorize` names whom a master user logs in as. */
  authenticate(user: string, password: string, authorize = ''): Promise<ImapAnswer> {
    const message = Buffer.from(`${authorize}\0${user}\0${password}`).toString('base64');
    return this.command('AUTHENTICATE PLAIN', Buffer.from(message));
  }

  close(): void {
    this.#connection.close();
  }
}

function toAnswer(text: string, untagged: readonly string[]): ImapAnswer {
  return { isOk: text.startsWith('OK'), text, untagged };
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
