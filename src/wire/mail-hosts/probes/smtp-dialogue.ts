import type { Dialogue } from './dialogue.ts';
import { mechanismOffers, noMechanism, unwanted } from './dialogue.ts';
import type { ProbeConnection } from './probe-connection.ts';

const MOST_LINES = 100;
const OWN_NAME = 'localhost.localdomain';

/** SMTP and submission (RFC 5321, RFC 6409, RFC 3207, RFC 4954). */
export const smtpDialogue: Dialogue = dialogueWith('EHLO');

/** LMTP (RFC 2033). */
export const lmtpDialogue: Dialogue = dialogueWith('LHLO');

function dialogueWith(hello: 'EHLO' | 'LHLO'): Dialogue {
  return {
    farewell: 'QUIT',

    async greet(connection) {
      await answer(connection, 'greeting', 220);
    },

    async offers(connection) {
      connection.send(`${hello} ${OWN_NAME}`);
      const [, ...lines] = await answer(connection, hello, 250);
      return new Set(lines.flatMap(offersIn));
    },

    async startTls(connection) {
      connection.send('STARTTLS');
      await answer(connection, 'STARTTLS', 220);
    },

    async logIn(connection, offers, login) {
      if (offers.has('AUTH=PLAIN')) {
        connection.send(`AUTH PLAIN ${login.plain}`);
        return void (await answer(connection, 'login', 235));
      }
      if (!offers.has('AUTH=LOGIN')) throw noMechanism();
      for (const [line, code] of [
        ['AUTH LOGIN', 334],
        [login.nameBase64, 334],
        [login.passwordBase64, 235],
      ] as const) {
        connection.send(line);
        await answer(connection, 'login', code);
      }
    },
  };
}

/** The texts of an answer, which may have several lines. */
async function answer(connection: ProbeConnection, step: string, code: number): Promise<readonly string[]> {
  const texts: string[] = [];
  while (texts.length < MOST_LINES) {
    const line = await connection.line(step);
    const [, digits, mark, text = ''] = /^(\d{3})(?:([ -])(.*))?$/.exec(line) ?? [];
    if (digits !== String(code)) throw unwanted(step, line);
    texts.push(text);
    if (mark !== '-') return texts;
  }
  throw unwanted(step, `more than ${MOST_LINES} lines`);
}

function offersIn(line: string): readonly string[] {
  const words = line.toUpperCase();
  // Some servers still write it as it was before RFC 2554.
  return /^AUTH[ =]/.test(words) ? mechanismOffers(words.slice(5)) : [words];
}
