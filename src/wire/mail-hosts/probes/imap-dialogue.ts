import type { Dialogue, SpokenLogin } from './dialogue.ts';
import { noMechanism, unwanted } from './dialogue.ts';
import type { ProbeConnection } from './probe-connection.ts';

const MOST_LINES = 100;

/** IMAP (RFC 9051, RFC 3501). */
export const imapDialogue: Dialogue = {
  farewell: 'z LOGOUT',

  async greet(connection) {
    const line = await connection.line('greeting');
    if (!/^\* OK\b/i.test(line)) throw unwanted('greeting', line);
  },

  async offers(connection) {
    const untagged = await command(connection, 'CAPABILITY', 'CAPABILITY');
    const list = untagged.find((line) => /^\* CAPABILITY /i.test(line)) ?? '';
    return new Set(list.toUpperCase().split(' ').slice(2));
  },

  async startTls(connection) {
    await command(connection, 'STARTTLS', 'STARTTLS');
  },

  async logIn(connection, offers, login) {
    if (offers.has('AUTH=PLAIN') && offers.has('SASL-IR'))
      return void (await command(connection, 'login', `AUTHENTICATE PLAIN ${login.plain}`));
    if (offers.has('AUTH=PLAIN')) return void (await command(connection, 'login', 'AUTHENTICATE PLAIN', login.plain));
    if (offers.has('LOGINDISABLED')) throw noMechanism();
    await command(connection, 'login', loginLine(login));
  },
};

/** The untagged lines that a command is answered by. @param more what follows once the server asks for it */
async function command(
  connection: ProbeConnection,
  step: string,
  line: string,
  more?: string,
): Promise<readonly string[]> {
  const untagged: string[] = [];
  connection.send(`a ${line}`);
  while (untagged.length < MOST_LINES) {
    const answer = await connection.line(step);
    if (/^\+( |$)/.test(answer) && more !== undefined) connection.send(more);
    else if (/^a OK\b/i.test(answer)) return untagged;
    else if (answer.startsWith('* ') && !/^\* BYE\b/i.test(answer)) untagged.push(answer);
    else throw unwanted(step, answer.replace(/^a /, ''));
  }
  throw unwanted(step, `more than ${MOST_LINES} lines`);
}

function loginLine({ name, password }: SpokenLogin): string {
  const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
  return `LOGIN ${quoted(name)} ${quoted(password)}`;
}
