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
  DEFER_STATUSES,
  jsonAnswer,
  REFUSAL_TEXTS,
  TEMPORARY_TEXT,
  emptyAnswer,
} from '../answer.ts';
import { binaryText, renderAttributeHeaders } from '../attribute-headers.ts';
import type { Answer, Door, Exchange } from '../exchange.ts';
import { HeaderQuestions, type HeaderQuestionsParts } from './header-questions.ts';

export interface HeaderDoorParts extends HeaderQuestionsParts {
  /** Bytes of `X-Nauthilus-*` headers per answer. */
  readonly attributeHeadersLimit: number;
  /** Serves `mode=list-accounts`. */
  readonly lists: Door;
}

export class HeaderDoor implements Door {
  readonly name = 'header';
  readonly #parts: HeaderDoorParts;
  readonly #questions: HeaderQuestions;

  constructor(parts: HeaderDoorParts) {
    this.#parts = parts;
    this.#questions = new HeaderQuestions(parts);
  }

  open(exchange: Exchange): void {
    if (isList(exchange.query)) return this.#parts.lists.open(exchange);
    this.#questions.ask(exchange, (_, { verdict }) =>
      exchange.send(answerTo(verdict, exchange.session, this.#parts.attributeHeadersLimit)),
    );
  }
}

function isList(query: string): boolean {
  return query !== '' && new URLSearchParams(query).get('mode') === 'list-accounts';
}

function answerTo(verdict: Verdict, session: string, attributeHeadersLimit: number): Answer {
  switch (verdict.kind) {
    case 'accept': {
      const { account, source } = verdict;
      const headers = [
        ...authHeaders(ACCEPTED_TEXT, session),
        'Auth-User',
        binaryText(account.name),
        'X-Nauthilus-Memory-Cache',
        source === 'memory' ? 'Hit' : 'Miss',
        ...renderAttributeHeaders(account.attributes, attributeHeadersLimit),
      ];
      return emptyAnswer(headers);
    }
    case 'refuse': {
      const text = REFUSAL_TEXTS[verdict.reason];
      const headers = [...authHeaders(text, session), 'Auth-Wait', String(verdict.waitSeconds ?? 0)];
      return jsonAnswer(403, headers, JSON.stringify({ ok: false, error: text }));
    }
    case 'defer': {
      const body = JSON.stringify({ ok: false, error: TEMPORARY_TEXT });
      return jsonAnswer(DEFER_STATUSES[verdict.cause], authHeaders(TEMPORARY_TEXT, session), body);
    }
  }
}
