/**
 * What mail protocols have in common for a probe: a greeting, what the server offers, STARTTLS, a login and a farewell. Each
 * protocol tells in a file of its own how it says these.
 *
 * @module
 */
import type { ProbeConnection } from './probe-connection.ts';
import { ProbeFailure, shownLine } from './probe-failure.ts';
import type { ProbeLogin, ProbeSettings } from './probe-settings.ts';

/** In upper case, whatever the protocol calls them: `STARTTLS`, `AUTH=PLAIN`, … */
export type Offers = ReadonlySet<string>;

/** Each throws {@link ProbeFailure} where the server does not do what is asked. */
export interface Dialogue {
  /** Reads what the server begins with. */
  greet(connection: ProbeConnection): Promise<void>;
  /** What the server offers now. */
  offers(connection: ProbeConnection): Promise<Offers>;
  /** Asks for TLS, until the server says that it may begin. */
  startTls(connection: ProbeConnection): Promise<void>;
  logIn(connection: ProbeConnection, offers: Offers, login: SpokenLogin): Promise<void>;
  readonly farewell: string;
}

/** A login as it is said, one character for each byte. */
export interface SpokenLogin {
  readonly name: string;
  readonly password: string;
  /** SASL PLAIN (RFC 4616) in base64. */
  readonly plain: string;
  readonly nameBase64: string;
  readonly passwordBase64: string;
}

/** All of a probe over a connection that is open, and secured where TLS goes before everything. */
export async function hold(
  dialogue: Dialogue,
  connection: ProbeConnection,
  {
    tls,
    login,
    ...security
  }: Pick<ProbeSettings, 'tls' | 'login' | 'trust' | 'serverName'> & { readonly host: string },
): Promise<void> {
  await dialogue.greet(connection);
  let offers = await dialogue.offers(connection);
  if (tls === 'starttls') {
    if (!offers.has('STARTTLS')) throw new ProbeFailure('it does not offer STARTTLS');
    await dialogue.startTls(connection);
    await connection.secure(security.host, security);
    offers = await dialogue.offers(connection);
  }
  if (login !== undefined) await dialogue.logIn(connection, offers, spoken(login));
}

/** The failure of a step whose answer was none that was wanted. */
export function unwanted(step: string, line: string): ProbeFailure {
  return new ProbeFailure(`${step}: ${line === '' ? 'an empty line' : shownLine(line)}`);
}

/** The failure of a login for which the server leaves no way. */
export function noMechanism(): ProbeFailure {
  return new ProbeFailure('login: it offers neither PLAIN nor LOGIN here; many servers do so only with TLS');
}

/** What must never be shown of a login. */
export function secretsOf(login: ProbeLogin | undefined): readonly string[] {
  if (login === undefined) return [];
  const { name, password, plain, passwordBase64 } = spoken(login);
  const basic = Buffer.from(`${name}:${password}`, 'latin1').toString('base64');
  const quoted = password.replaceAll(/["\\]/g, '\\$&');
  return [plain, basic, passwordBase64, quoted, password, login.password.reveal().toString('utf8')];
}

function spoken({ name, password }: ProbeLogin): SpokenLogin {
  const bytes = password.reveal();
  const nameBytes = Buffer.from(name, 'utf8');
  const nul = Buffer.from([0]);
  return {
    name: nameBytes.toString('latin1'),
    password: bytes.toString('latin1'),
    plain: Buffer.concat([nul, nameBytes, nul, bytes]).toString('base64'),
    nameBase64: nameBytes.toString('base64'),
    passwordBase64: bytes.toString('base64'),
  };
}

/** Words of a list as offers: `AUTH=PLAIN` of the mechanism `plain`. */
export function mechanismOffers(words: string): readonly string[] {
  return words
    .toUpperCase()
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => `AUTH=${word}`);
}
