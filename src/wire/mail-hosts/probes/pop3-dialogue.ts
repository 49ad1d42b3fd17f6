import type { Dialogue } from './dialogue.ts';
import { mechanismOffers, unwanted } from './dialogue.ts';
import type { ProbeConnection } from './probe-connection.ts';

const MOST_LINES = 100;

/** POP3 (RFC 1939, RFC 2449, RFC 2595, RFC 5034). */
export const pop3Dialogue: Dialogue = {
  farewell: 'QUIT',

  async greet(connection) {
    expectOk('greeting', await connection.line('greeting'));
  },

  async offers(connection) {
    const offers = new Set<string>();
    connection.send('CAPA');
    // Servers that do not know the command are POP3 servers all the same.
    if (!isOk(await connection.line('CAPA'))) return offers;
    for (let i = 0; i < MOST_LINES; i += 1) {
      const line = (await connection.line('CAPA')).toUpperCase();
      if (line === '.') return offers;
      if (line === 'STLS') offers.add('STARTTLS');
      else if (line.startsWith('SASL ')) for (const offer of mechanismOffers(line.slice(5))) offers.add(offer);
      else offers.add(line);
    }
    throw unwanted('CAPA', `more than ${MOST_LINES} lines`);
  },

  async startTls(connection) {
    await command(connection, 'STLS', 'STLS');
  },

  async logIn(connection, offers, login) {
    if (offers.has('AUTH=PLAIN')) return command(connection, 'login', `AUTH PLAIN ${login.plain}`);
    await command(connection, 'login', `USER ${login.name}`);
    await command(connection, 'login', `PASS ${login.password}`);
  },
};

async function command(connection: ProbeConnection, step: string, line: string): Promise<void> {
  connection.send(line);
  expectOk(step, await connection.line(step));
}

function expectOk(step: string, line: string): void {
  if (!isOk(line)) throw unwanted(step, line);
}

function isOk(line: string): boolean {
  return /^\+OK( |$)/i.test(line);
}
