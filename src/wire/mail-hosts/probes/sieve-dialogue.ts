import type { Dialogue } from './dialogue.ts';
import { mechanismOffers, noMechanism, unwanted } from './dialogue.ts';
import type { ProbeConnection } from './probe-connection.ts';

const MOST_LINES = 100;

/** ManageSieve (RFC 5804). The server tells what it offers by itself, at the beginning and after STARTTLS. */
export const sieveDialogue: Dialogue = {
  farewell: 'LOGOUT',

  async greet() {},

  async offers(connection) {
    const lines = await answer(connection, 'greeting');
    return new Set(lines.flatMap(offersIn));
  },

  async startTls(connection) {
    connection.send('STARTTLS');
    await answer(connection, 'STARTTLS');
  },

  async logIn(connection, offers, { plain }) {
    if (!offers.has('AUTH=PLAIN')) throw noMechanism();
    connection.send(`AUTHENTICATE "PLAIN" "${plain}"`);
    await answer(connection, 'login');
  },
};

/** The lines before the `OK`. */
async function answer(connection: ProbeConnection, step: string): Promise<readonly string[]> {
  const lines: string[] = [];
  while (lines.length < MOST_LINES) {
    const line = await connection.line(step);
    if (/^OK( |$)/i.test(line)) return lines;
    if (!line.startsWith('"')) throw unwanted(step, line);
    lines.push(line);
  }
  throw unwanted(step, `more than ${MOST_LINES} lines`);
}

function offersIn(line: string): readonly string[] {
  const [, name = '', value = ''] = /^"([^"]*)"(?: "([^"]*)")?/.exec(line.toUpperCase()) ?? [];
  return name === 'SASL' ? mechanismOffers(value) : [name];
}
