/**
 * One connection of a client of Cyrus SASL that asks about a login as it would ask saslauthd: one question, and `OK` or `NO` for the
 * answer. There is no word for a temporary failure: the connection is closed without an answer, which Cyrus SASL takes for one.
 *
 * @module
 */
import type { Attempt } from '../../../login/attempt.ts';
import { type ClientAddress, parseClientAddress } from '../../../login/client-address.ts';
import { parseProtocol } from '../../../login/protocol.ts';
import { Secret } from '../../../login/secret.ts';
import type { Decision } from '../../../login/verdict.ts';
import { REFUSAL_TEXTS } from '../../http/answer.ts';
import { inRealm, protocolOfService } from '../../http/saslauthd/realm.ts';
import { newSessionId } from '../../http/session-id.ts';
import { textOfBytes } from '../byte-text.ts';
import type { Frames } from '../frames.ts';
import type { LineParts, LineSession, Wire } from '../line-session.ts';
import { CountedStrings, readStrings, renderString } from './counted-strings.ts';

export class SaslauthdSession implements LineSession {
  readonly maxUnderWay = 1;
  readonly isGreeted = true;
  readonly isHalfway = false;
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  openFrames(): Frames {
    return new CountedStrings();
  }

  take(question: string): void {
    const { parts } = this.#wire;
    const attempt = attemptOf(readStrings(question), parts);
    if (attempt === undefined) return this.#wire.fail('the service is no name of a protocol');
    if (parts.work.isFull) return this.#later();
    const decision = parts.decide(attempt);
    if (!(decision instanceof Promise)) return this.#settle(attempt, decision);
    parts.work.begin();
    this.#wire.begin();
    decision
      .then((later) => this.#settle(attempt, later))
      .catch((cause: unknown) => {
        parts.events.requestFailed(attempt.session, cause);
        this.#later();
      })
      .finally(() => {
        parts.work.end();
        this.#wire.end();
      });
  }

  #settle(attempt: Attempt, decision: Decision): void {
    const { events } = this.#wire.parts;
    const { verdict } = decision;
    events.decided(attempt, decision);
    switch (verdict.kind) {
      case 'accept':
        return this.#send('ok', 'OK');
      case 'refuse':
        return this.#send('fail', `NO ${REFUSAL_TEXTS[verdict.reason]}`);
      case 'defer':
        return this.#later();
    }
  }

  #send(kind: 'ok' | 'fail', text: string): void {
    this.#wire.parts.events.lineAnswered('saslauthd', kind);
    this.#wire.send(renderString(text));
  }

  #later(): void {
    this.#wire.parts.events.lineAnswered('saslauthd', 'temporary');
    if (!this.#wire.hangUp()) this.#wire.fail('more came in before the question was answered');
  }
}

/** @param strings name, password, service, realm and, from newer clients, the address of theirs; one character for each byte */
function attemptOf(strings: readonly string[], { name: caller, clientsHaveTls }: LineParts): Attempt | undefined {
  const [name = '', password = '', service = '', realm = '', place = ''] = strings;
  const protocol = parseProtocol(protocolOfService(service));
  if (protocol === undefined) return undefined;
  const { address, port } = placeOf(place);
  return {
    session: newSessionId(),
    mode: 'authenticate',
    caller,
    loginName: inRealm(textOfBytes(name), textOfBytes(realm)),
    password: Secret.fromLatin1(password),
    protocol,
    mechanism: '',
    clientAddress: address,
    clientPort: port,
    localAddress: undefined,
    localPort: undefined,
    tls: clientsHaveTls ? {} : undefined,
    externalSession: undefined,
    clientId: undefined,
    userAgent: undefined,
    loginAttempt: undefined,
  };
}

interface Place {
  readonly address: ClientAddress | undefined;
  readonly port: number | undefined;
}

/** Address and port with a semicolon between, as Cyrus SASL writes them; what cannot be read counts as not sent. */
function placeOf(text: string): Place {
  const [, address = '', port = ''] = /^([0-9A-Fa-f.:]+);([0-9]{1,5})$/.exec(text) ?? [];
  const known = parseClientAddress(address);
  return { address: known, port: known === undefined || Number(port) > 65_535 ? undefined : Number(port) };
}
