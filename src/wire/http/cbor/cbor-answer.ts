import { encode, rfc8949EncodeOptions } from 'cborg';
import { LRUCache } from 'lru-cache';
import type { Account } from '../../../login/account.ts';
import type { Verdict } from '../../../login/verdict.ts';
import { ACCEPTED_TEXT, authHeaders, DEFER_STATUSES, REFUSAL_TEXTS, TEMPORARY_TEXT } from '../answer.ts';
import { binaryText, renderAttributeHeaders } from '../attribute-headers.ts';
import type { Answer } from '../exchange.ts';
import { accountMembers } from '../json/account-members.ts';
import { type PreparedHeaders, prepareHeaders } from '../prepared-headers.ts';

export const CBOR_TYPE = 'application/cbor';

/** Accounts whose answers are kept. */
const MAX_RENDERED = 10_000;

interface RenderedAccount {
  /** One character for each byte. */
  readonly body: string;
  readonly headers: PreparedHeaders;
}

/** Turns verdicts into answers in CBOR, deterministically encoded (RFC 8949 4.2.1); what is made of an account is kept with it. */
export class CborRenderer {
  readonly #rendered = new LRUCache<Account, RenderedAccount>({ max: MAX_RENDERED });
  readonly #headersLimit: number;

  /** @param headersLimit bytes of `X-Nauthilus-*` headers per answer, 0 for none */
  constructor(headersLimit: number) {
    this.#headersLimit = headersLimit;
  }

  answerTo(verdict: Verdict, session: string): Answer {
    switch (verdict.kind) {
      case 'accept': {
        const { headers: prepared, body } = this.#render(verdict.account);
        const cache = verdict.source === 'memory' ? 'Hit' : 'Miss';
        const headers = ['X-Nauthilus-Session', session, 'X-Nauthilus-Memory-Cache', cache];
        return { status: 200, headers, prepared, body, encoding: 'latin1' };
      }
      case 'refuse': {
        const error = REFUSAL_TEXTS[verdict.reason];
        const headers = [...authHeaders(error, session), 'Auth-Wait', String(verdict.waitSeconds ?? 0)];
        return cborAnswer(403, headers, { ok: false, error });
      }
      case 'defer':
        return cborAnswer(DEFER_STATUSES[verdict.cause], authHeaders(TEMPORARY_TEXT, session), {
          ok: false,
          error: TEMPORARY_TEXT,
        });
    }
  }

  #render(account: Account): RenderedAccount {
    const known = this.#rendered.get(account);
    if (known !== undefined) return known;
    const body = encoded(accountMembers(account));
    const about = ['Content-Type', CBOR_TYPE, 'Cache-Control', 'no-store', 'Content-Length', String(body.length)];
    const attributes = renderAttributeHeaders(account.attributes, this.#headersLimit);
    const headers = ['Auth-User', binaryText(account.name), 'Auth-Status', ACCEPTED_TEXT, ...about, ...attributes];
    const rendered = { body, headers: prepareHeaders(headers) };
    this.#rendered.set(account, rendered);
    return rendered;
  }
}

/** The same answer with its JSON as CBOR; one without JSON as it is. */
export function asCbor(answer: Answer): Answer {
  const { status, headers, body } = answer;
  const place = headers.indexOf('Content-Type');
  if (!headers[place + 1]?.startsWith('application/json')) return answer;
  const other: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i] as string, headers[i + 1] as string];
    if (name !== 'Content-Type' && name !== 'Content-Length' && name !== 'Cache-Control') other.push(name, value);
  }
  return cborAnswer(status, other, JSON.parse(body));
}

function cborAnswer(status: number, headers: readonly string[], value: unknown): Answer {
  const body = encoded(value);
  const about = ['Content-Type', CBOR_TYPE, 'Cache-Control', 'no-store', 'Content-Length', String(body.length)];
  return { status, headers: [...headers, ...about], body, encoding: 'latin1' };
}

/** One character for each byte. */
function encoded(value: unknown): string {
  return Buffer.from(encode(value, rfc8949EncodeOptions)).toString('latin1');
}
