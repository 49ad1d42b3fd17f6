/**
 * The Basic door: `/api/v1/auth/basic` takes the credentials of a request (HTTP Basic, RFC 7617) for those of a mail user, and
 * answers 200 or 401. For web servers that ask before they serve a page. No caller proves itself: who may ask is told by networks. Of
 * what web servers tell of the client, few headers count: all that they do not set themselves may be the client's own.
 *
 * @module
 */
import type { Decide } from '../../../decision/authenticate.ts';
import type { Verdict } from '../../../login/verdict.ts';
import type { Events } from '../../../telemetry/events.ts';
import {
  ACCEPTED_TEXT,
  authHeaders,
  deferAnswer,
  jsonAnswer,
  REFUSAL_TEXTS,
  EMPTY_HEADERS,
  emptyAnswer,
} from '../answer.ts';
import { binaryText } from '../attribute-headers.ts';
import { blockList, isWithin } from '../callers.ts';
import type { Answer, Door, Exchange, WholeExchange } from '../exchange.ts';
import { HeaderFields } from '../header/header-fields.ts';
import { isProblem, rejectionOf } from '../json/request.ts';
import { KeptHeaders } from '../header/kept-headers.ts';
import { whenDecided } from '../door/when-decided.ts';
import type { BasicConfig } from './basic-config.ts';
import { BASIC_HEADERS } from './basic-headers.ts';

export interface BasicDoorParts {
  readonly decide: Decide;
  readonly events: Events;
  readonly basic: BasicConfig;
}

/** What log lines have for the caller. */
const CALLER = 'basic';
const METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'POST']);
const USER_AGENT_LENGTH = 256;
const FIELDS = new HeaderFields({
  client_ip: [BASIC_HEADERS.client_ip.toLowerCase()],
  client_port: [BASIC_HEADERS.client_port.toLowerCase()],
  ssl: [BASIC_HEADERS.ssl.toLowerCase()],
});
const CREDENTIALS = /^basic +([a-z0-9+/]+=*) *$/i;

export class BasicDoor implements Door {
  readonly name = 'basic';
  readonly takesWholeGets = true;
  readonly wholeFields = FIELDS.all;
  readonly #parts: BasicDoorParts;
  readonly #accepted = new KeptHeaders(({ name }) => [
    'Auth-Status',
    ACCEPTED_TEXT,
    'Auth-User',
    binaryText(name),
    ...EMPTY_HEADERS,
  ]);
  readonly #networks: ReturnType<typeof blockList>;

  constructor(parts: BasicDoorParts) {
    this.#parts = parts;
    this.#networks = blockList(parts.basic.networks);
  }

  open(exchange: Exchange): void {
    this.#ask(exchange);
  }

  openWhole(): (exchange: WholeExchange) => void {
    return (exchange) => this.#ask(exchange);
  }

  #ask(exchange: WholeExchange): void {
    if (!isWithin(this.#networks, exchange.peerAddress))
      return exchange.reject({ status: 404, error: 'nothing is served at this path to this address' });
    if (!METHODS.has(exchange.method)) {
      const headers = ['Allow', 'GET, HEAD, POST'];
      return exchange.reject({ status: 405, error: 'only GET, HEAD and POST are allowed', headers });
    }
    const credentials = credentialsOf(exchange.headers.authorization);
    if (credentials === undefined) return exchange.send(this.#challenge(exchange.session, 'Authentication required'));
    this.#decide(exchange, credentials);
  }

  #decide(exchange: WholeExchange, credentials: Readonly<Record<string, string>>): void {
    const { headers, session, address, peerAddress } = exchange;
    const userAgent = headers['user-agent']?.slice(0, USER_AGENT_LENGTH);
    const context = { session, mode: 'authenticate', caller: CALLER, userAgent } as const;
    const attempt = FIELDS.parse(headers, context, {
      ...credentials,
      // A trusted proxy has told of the client: what the client may have said itself does not count.
      ...(address !== peerAddress && { client_ip: address }),
      protocol: 'http',
      method: 'basic',
    });
    if (isProblem(attempt)) return exchange.reject(rejectionOf(attempt), CALLER);
    whenDecided(exchange, this.#parts.decide(attempt), (decision) => {
      this.#parts.events.decided(attempt, decision);
      exchange.send(this.#answerTo(decision.verdict, session));
    });
  }

  #answerTo(verdict: Verdict, session: string): Answer {
    switch (verdict.kind) {
      case 'accept':
        return emptyAnswer(['X-Nauthilus-Session', session], this.#accepted.of(verdict.account));
      case 'refuse': {
        const { waitSeconds } = verdict;
        const wait = waitSeconds === undefined ? [] : ['Retry-After', String(waitSeconds)];
        return this.#challenge(session, REFUSAL_TEXTS[verdict.reason], wait);
      }
      case 'defer':
        return deferAnswer(verdict.cause, session);
    }
  }

  #challenge(session: string, text: string, more: readonly string[] = []): Answer {
    const challenge = ['WWW-Authenticate', `Basic realm="${this.#parts.basic.realm}", charset="UTF-8"`];
    const body = JSON.stringify({ ok: false, error: text });
    return jsonAnswer(401, [...authHeaders(text, session), ...challenge, ...more], body);
  }
}

/** Name and password, one character for each byte. */
function credentialsOf(authorization: string | undefined): { username: string; password: string } | undefined {
  const encoded = CREDENTIALS.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
