/**
 * The header door: `GET` or `POST /api/v1/auth/header` asks about a login, with `mode=no-auth` about an account, by request
 * headers, and is answered by headers. With `mode=list-accounts` it gives the list that the JSON door gives.
 *
 * @module
 */
import type { Verdict } from '../../../login/verdict.ts';
import {
  ACCEPTED_TEXT,
  authHeaders,
  deferAnswer,
  jsonAnswer,
  REFUSAL_TEXTS,
  EMPTY_HEADERS,
  emptyAnswer,
} from '../answer.ts';
import { binaryText, renderAttributeHeaders } from '../attribute-headers.ts';
import type { Answer, Door, Exchange, WholeExchange } from '../exchange.ts';
import { KeptHeaders } from './kept-headers.ts';
import { HeaderQuestions, type HeaderQuestionsParts } from './header-questions.ts';

export interface HeaderDoorParts extends HeaderQuestionsParts {
  /** Bytes of `X-Nauthilus-*` headers per answer. */
  readonly attributeHeadersLimit: number;
  /** Serves `mode=list-accounts`. */
  readonly lists: Door;
}

export class HeaderDoor implements Door {
  readonly name = 'header';
  readonly takesWholeGets = true;
  readonly #parts: HeaderDoorParts;
  readonly #questions: HeaderQuestions;
  readonly #accepted: KeptHeaders;

  constructor(parts: HeaderDoorParts) {
    this.#parts = parts;
    this.#accepted = new KeptHeaders(({ name, attributes }) => [
      'Auth-Status',
      ACCEPTED_TEXT,
      'Auth-User',
      binaryText(name),
      ...renderAttributeHeaders(attributes, parts.attributeHeadersLimit),
      ...EMPTY_HEADERS,
    ]);
    this.#questions = new HeaderQuestions(parts);
  }

  get wholeFields(): readonly string[] {
    return this.#questions.fields.all;
  }

  open(exchange: Exchange): void {
    if (isList(exchange.query)) this.#parts.lists.open(exchange);
    else this.#ask(exchange);
  }

  openWhole(query: string): ((exchange: WholeExchange) => void) | undefined {
    return isList(query) ? undefined : (exchange) => this.#ask(exchange);
  }

  #ask(exchange: WholeExchange): void {
    this.#questions.ask(exchange, (_, { verdict }) => exchange.send(this.#answerTo(verdict, exchange.session)));
  }

  #answerTo(verdict: Verdict, session: string): Answer {
    switch (verdict.kind) {
      case 'accept':
        return emptyAnswer(
          ['X-Nauthilus-Session', session, 'X-Nauthilus-Memory-Cache', verdict.source === 'memory' ? 'Hit' : 'Miss'],
          this.#accepted.of(verdict.account),
        );
      case 'refuse': {
        const text = REFUSAL_TEXTS[verdict.reason];
        const headers = [...authHeaders(text, session), 'Auth-Wait', String(verdict.waitSeconds ?? 0)];
        return jsonAnswer(403, headers, JSON.stringify({ ok: false, error: text }));
      }
      case 'defer':
        return deferAnswer(verdict.cause, session);
    }
  }
}

function isList(query: string): boolean {
  return query !== '' && new URLSearchParams(query).get('mode') === 'list-accounts';
}
