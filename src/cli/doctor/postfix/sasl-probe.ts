import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** Where Postfix asks about logins. */
export type SaslPlace =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'inet'; readonly host: string; readonly port: number };

/** Who answers there, by what it says of itself. */
export interface SaslServer {
  readonly mechanisms: readonly string[];
  /** Id of its process; `undefined` where it gives none. */
  readonly pid: number | undefined;
}

/** `lost`: it closed the connection instead of an answer, or gave none in time. */
export type SaslOutcome = 'accepted' | 'refused' | 'temporary' | 'lost';

/** Login and password that are tried. */
export interface SaslLogin {
  readonly name: string;
  readonly password: string;
}

const MAX_CPID = 2 ** 31 - 1;
const DEADLINE_MS = 10_000;
const LONGEST = 64 * 1024;

/** Asks as Postfix does. @throws {Error} where nobody answers, or nobody that speaks the protocol */
export async function askSasl(
  place: SaslPlace,
  login?: SaslLogin,
): Promise<{ readonly server: SaslServer; readonly outcome: SaslOutcome }> {
  const socket = place.kind === 'unix' ? connect(place.path) : connect(place.port, place.host);
  const lines = new SaslLines(socket);
  try {
    const server = await greet(lines, socket);
    if (login === undefined) return { server, outcome: 'lost' };
    const response = Buffer.from(`\0${login.name}\0${login.password}`).toString('base64');
    socket.write(`AUTH\t1\tPLAIN\tservice=smtp\tnologin\tno-penalty\tsecured\tresp=${response}\n`);
    // How the connection was lost is no matter any more.
    const answer = await lines.next().catch(() => undefined);
    return { server, outcome: outcomeOf(answer) };
  } finally {
    socket.destroy();
  }
}

async function greet(lines: SaslLines, socket: Socket): Promise<SaslServer> {
  // Dovecot wants another one of each connection.
  socket.write(`VERSION\t1\t1\nCPID\t${randomInt(MAX_CPID)}\n`);
  const mechanisms: string[] = [];
  let pid: number | undefined;
  for (;;) {
    const line = await lines.next();
    if (line === undefined) throw new Error('it closed the connection in the middle of its greeting');
    const [command = '', value = ''] = line.split('\t');
    if (command === 'DONE') return { mechanisms, pid };
    if (command === 'VERSION' && value !== '1') throw new Error(`it speaks version ${value} of the protocol`);
    if (command === 'MECH') mechanisms.push(value);
    if (command === 'SPID') pid = Number(value) || undefined;
  }
}

function outcomeOf(line: string | undefined): SaslOutcome {
  if (line === undefined) return 'lost';
  if (line.startsWith('OK\t')) return 'accepted';
  return /\t(temp|code=temp_fail)(\t|$)/.test(line) ? 'temporary' : 'refused';
}

class SaslLines {
  readonly #lines: AsyncGenerator<string>;

  constructor(socket: Socket) {
    this.#lines = linesOf(socket);
  }

  /** @throws the system's error where there is no connection, or nothing comes in time */
  async next(): Promise<string | undefined> {
    const found = await this.#lines.next();
    return found.done === true ? undefined : found.value;
  }
}

async function* linesOf(socket: Socket): AsyncGenerator<string> {
  socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error(`nothing came for ${DEADLINE_MS / 1000} s`)));
  let rest = '';
  for await (const chunk of socket.setEncoding('latin1')) {
    const parts = `${rest}${chunk}`.split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > LONGEST) throw new Error('it sends no lines');
    yield* parts;
  }
}
