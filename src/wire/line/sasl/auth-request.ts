import type { Attempt, ClientTls } from '../../../login/attempt.ts';
import { parseClientAddress } from '../../../login/client-address.ts';
import { type Protocol, parseProtocol } from '../../../login/protocol.ts';
import { textOfBytes } from '../byte-text.ts';
import { decodeBase64 } from './base64.ts';
import { unescapeTabs } from './tab-escapes.ts';

/** What a mail server says of a client that wants in, without what the client itself says. */
export interface AuthRequest
  extends Pick<
    Attempt,
    'clientAddress' | 'clientPort' | 'localAddress' | 'localPort' | 'externalSession' | 'clientId'
  > {
  readonly id: number;
  /** In upper case; need not be one that there is. */
  readonly mechanism: string;
  readonly protocol: Protocol;
  readonly tls: ClientTls | undefined;
  /** The client's first message, one character for each byte. */
  readonly initial: string | undefined;
}

/** Without an id nothing can be answered: it cannot be told which request is meant. */
export interface AuthProblem {
  readonly problem: string;
  /** Whether it lies in what the client has sent, and not in what the mail server says of it. */
  readonly isClients?: true;
  readonly id: number | undefined;
}

const MAX_ID = 0xffff_ffff;
const MAX_PORT = 65_535;
const MAX_NAME = 64;
const MAX_TEXT = 256;
const MAX_CLIENT_ID = 1024;
const RESPONSE = 'resp=';
const UNKNOWN_ADDRESS = 'unknown';

/** Parameters that are looked at. Others are left alone, as the protocol has it. All of them are named, so that each has its place. */
const NOTHING = {
  service: undefined,
  rip: undefined,
  lip: undefined,
  rport: undefined,
  lport: undefined,
  session: undefined,
  client_id: undefined,
  transport: undefined,
  secured: undefined,
  tls_protocol: undefined,
  tls_cipher: undefined,
  cert_username: undefined,
  'valid-client-cert': undefined,
  'resp=': undefined,
};

type ParameterName = keyof typeof NOTHING;
type Parameters = { [Name in ParameterName]: string | undefined };

const NAMES: ReadonlyMap<string, ParameterName> = new Map(
  (Object.keys(NOTHING) as ParameterName[]).filter((name) => name !== RESPONSE).map((name) => [name, name]),
);

/** Reads the fields of a line that begins with AUTH, cut at its tabs. */
export function parseAuthRequest(fields: readonly string[]): AuthRequest | AuthProblem {
  const id = parseRequestId(fields[1]);
  if (id === undefined) return { problem: 'the id of a request is no 32-bit number', id };
  const mechanism = (fields[2] ?? '').toUpperCase();
  if (mechanism === '' || mechanism.length > MAX_NAME) return { problem: 'no mechanism is named', id };
  const parameters = readParameters(fields);
  const initial = initialOf(parameters);
  if (initial === null) return { problem: 'resp is no base64', id, isClients: true };
  const protocol = parseProtocol(parameters.service ?? '');
  const client = placeOf(parameters.rip, parameters.rport);
  const local = placeOf(parameters.lip, parameters.lport);
  if (protocol === undefined) return { problem: 'service is no name of a protocol', id };
  if (client === undefined || local === undefined) return { problem: 'an address or a port cannot be read', id };
  return {
    id,
    mechanism,
    protocol,
    clientAddress: client.address,
    clientPort: client.port,
    localAddress: local.address,
    localPort: local.port,
    externalSession: textOf(parameters.session, MAX_TEXT),
    clientId: textOf(parameters.client_id, MAX_CLIENT_ID),
    tls: tlsOf(parameters),
    initial,
  };
}

/** Ids are 32-bit numbers in decimal. */
export function parseRequestId(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_ID ? id : undefined;
}

/** `null` where what was sent cannot be read. Exim sends it empty where the client has said nothing yet; an empty message is `=`. */
function initialOf(parameters: Parameters): string | undefined | null {
  const encoded = parameters[RESPONSE];
  return encoded === undefined || encoded === '' ? undefined : (decodeBase64(encoded) ?? null);
}

/** Nothing counts that stands behind the client's message: it may hold what the client chose. */
function readParameters(fields: readonly string[]): Parameters {
  const found: Parameters = { ...NOTHING };
  for (let i = 3; i < fields.length; i += 1) {
    const field = fields[i] as string;
    if (field.startsWith(RESPONSE)) {
      found[RESPONSE] = field.slice(RESPONSE.length);
      break;
    }
    const equals = field.indexOf('=');
    const name = NAMES.get(equals < 0 ? field : field.slice(0, equals));
    if (name !== undefined) found[name] = equals < 0 ? '' : unescapeTabs(field.slice(equals + 1));
  }
  return found;
}

interface Place {
  readonly address: Attempt['clientAddress'];
  readonly port: number | undefined;
}

/** `undefined` where what was sent cannot be read. */
function placeOf(addressText = '', portText = ''): Place | undefined {
  const address = addressText === UNKNOWN_ADDRESS ? undefined : parseClientAddress(addressText);
  if (address === undefined && addressText !== '' && addressText !== UNKNOWN_ADDRESS) return undefined;
  const port = /^[0-9]{1,5}$/.test(portText) ? Number(portText) : undefined;
  if (port === undefined ? portText !== '' : port > MAX_PORT) return undefined;
  return { address, port };
}

/** A connection on one machine counts as secured without any TLS. */
function tlsOf(parameters: Parameters): ClientTls | undefined {
  const { secured, transport } = parameters;
  if (secured === undefined && (transport === undefined || transport.toLowerCase() === 'insecure')) return undefined;
  return {
    protocol: textOf(parameters.tls_protocol, MAX_NAME),
    cipher: textOf(parameters.tls_cipher, MAX_NAME),
    clientVerify: parameters['valid-client-cert'] === undefined ? undefined : 'valid-client-cert',
    clientCommonName: textOf(parameters.cert_username, MAX_TEXT),
    fingerprint: undefined,
  };
}

function textOf(bytes: string | undefined, longest: number): string | undefined {
  return bytes === undefined || bytes === '' ? undefined : textOfBytes(bytes).slice(0, longest);
}
