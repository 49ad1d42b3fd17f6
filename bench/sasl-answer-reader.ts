import { once } from 'node:events';
import type { Socket } from 'node:net';

const TAB = 9;
const LINE_FEED = 10;

/** Finds where answers of the SASL protocol end, and how they begin. Answers come one at a time, none before it was asked for. */
export class SaslAnswerReader {
  readonly #onAnswer: (status: string) => void;
  #head = '';

  constructor(onAnswer: (status: string) => void) {
    this.#onAnswer = onAnswer;
  }

  take(chunk: Buffer): void {
    if (chunk.at(-1) !== LINE_FEED) {
      this.#head += chunk.toString('latin1');
      return;
    }
    const line = this.#head === '' ? chunk : Buffer.from(this.#head + chunk.toString('latin1'), 'latin1');
    this.#head = '';
    this.#onAnswer(line.toString('latin1', 0, line.indexOf(TAB)));
  }
}

/** Exchanges greetings on a connection that was just opened. */
export async function greetSasl(socket: Socket): Promise<void> {
  for (let text = ''; !text.endsWith('DONE\n'); ) text += String(((await once(socket, 'data')) as [Buffer])[0]);
  socket.write('VERSION\t1\t2\nCPID\t1\n');
}
