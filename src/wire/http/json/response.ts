import { LRUCache } from 'lru-cache';
import type { Account, Attributes } from '../../../login/account.ts';
import type { RefusalReason, Verdict } from '../../../login/verdict.ts';
import {
  ACCEPTED_TEXT,
  authHeaders,
  DEFER_STATUSES,
  JSON_TYPE,
  jsonAnswer,
  REFUSAL_TEXTS,
  TEMPORARY_TEXT,
} from '../answer.ts';
import { binaryText, renderAttributeHeaders } from '../attribute-headers.ts';
import type { WholeExchange } from '../exchange.ts';
import { type PreparedHeaders, prepareHeaders } from '../prepared-headers.ts';
import { accountMembers } from './account-members.ts';
import type { DovecotAnswer } from './dovecot-fields-answer.ts';

type Acceptance = Extract<Verdict, { kind: 'accept' }>;

interface RenderedAccount {
  /** One character for each byte. */
  readonly body: string;
  readonly headers: PreparedHeaders;
  /** Bytes of all attribute names and values. */
  readonly attributeBytes: number;
}

/** All of a refusal but its session. */
interface Refusal {
  readonly prepared: PreparedHeaders;
  /** One character for each byte. */
  readonly body: string;
}

/** Accounts whose answers are kept. */
const MAX_RENDERED = 10_000;

/**
 * Turns verdicts into answers. What is made of an account is kept with it: accounts never change, and a backend that hands
 * out the same one again saves the rendering. About a kilobyte for each of the latest.
 */
export class JsonRenderer {
  readonly #rendered = new LRUCache<Account, RenderedAccount>({ max: MAX_RENDERED });
  readonly #headersLimit: number;
  readonly #dovecot: DovecotAnswer | undefined;
  readonly #refusals = new Map<RefusalReason, Refusal>();
  /** An answer asks for its account more than once. */
  #latest: { readonly account: Account; readonly rendered: RenderedAccount } | undefined;

  /**
   * @param headersLimit bytes of `X-Nauthilus-*` headers per answer, 0 for none
   * @param dovecot makes the `dovecot` part of answers that have one
   */
  constructor(headersLimit: number, dovecot?: DovecotAnswer) {
    this.#headersLimit = headersLimit;
    this.#dovecot = dovecot;
  }

  /** Sends the verdict. */
  send(exchange: Pick<WholeExchange, 'session' | 'send'>, verdict: Verdict): void {
    const { session } = exchange;
    switch (verdict.kind) {
      case 'accept':
        this.#sendAccepted(exchange, verdict);
        return;
      case 'refuse': {
        const { prepared, body } = this.#refusalOf(verdict.reason);
        const headers = ['X-Nauthilus-Session', session, 'Auth-Wait', String(verdict.waitSeconds ?? 0)];
        exchange.send({ status: 403, headers, prepared, body, encoding: 'latin1' });
        return;
      }
      case 'defer': {
        const body = `{"ok":false,"error":${JSON.stringify(TEMPORARY_TEXT)}}`;
        const headers = authHeaders(TEMPORARY_TEXT, session);
        exchange.send(jsonAnswer(DEFER_STATUSES[verdict.cause], headers, withDovecot(body, this.#dovecot?.deferred())));
      }
    }
  }

  /** Bytes of an account's attributes, names included. */
  attributeBytes(account: Account): number {
    return this.#render(account).attributeBytes;
  }

  #refusalOf(reason: RefusalReason): Refusal {
    const known = this.#refusals.get(reason);
    if (known !== undefined) return known;
    const text = REFUSAL_TEXTS[reason];
    const body = binaryText(
      withDovecot(`{"ok":false,"error":${JSON.stringify(text)}}`, this.#dovecot?.refused(reason)),
    );
    const refusal = { prepared: prepareHeaders(headersOf(text, body)), body };
    this.#refusals.set(reason, refusal);
    return refusal;
  }

  #sendAccepted(exchange: Pick<WholeExchange, 'session' | 'send'>, { account, source }: Acceptance): void {
    const { headers: prepared, body } = this.#render(account);
    const headers = ['X-Nauthilus-Session', exchange.session];
    if (this.#dovecot === undefined) headers.push('X-Nauthilus-Memory-Cache', source === 'memory' ? 'Hit' : 'Miss');
    exchange.send({ status: 200, headers, prepared, body, encoding: 'latin1' });
  }

  #render(account: Account): RenderedAccount {
    if (this.#latest?.account === account) return this.#latest.rendered;
    let rendered = this.#rendered.get(account);
    if (rendered === undefined) {
      const dovecot = this.#dovecot?.accepted(account);
      rendered =
        dovecot === undefined ? renderAccount(account, this.#headersLimit) : renderForDovecot(account, dovecot);
      this.#rendered.set(account, rendered);
    }
    this.#latest = { account, rendered };
    return rendered;
  }
}

function renderAccount(account: Account, headersLimit: number): RenderedAccount {
  const json = JSON.stringify(accountMembers(account));
  return render(account, json, renderAttributeHeaders(account.attributes, headersLimit));
}

/** Without the attributes: Dovecot is told fields, and would parse the rest at each login for nothing. */
function renderForDovecot(account: Account, dovecot: string): RenderedAccount {
  return render(account, withDovecot('{"ok":true}', dovecot), []);
}

function render(account: Account, json: string, attributeHeaders: readonly string[]): RenderedAccount {
  const body = binaryText(json);
  const headers = ['Auth-User', binaryText(account.name), ...headersOf(ACCEPTED_TEXT, body), ...attributeHeaders];
  return { body, headers: prepareHeaders(headers), attributeBytes: sizeOf(account.attributes) };
}

/** @param body one character for each byte */
function headersOf(authStatus: string, body: string): readonly string[] {
  const length = String(body.length);
  return ['Auth-Status', authStatus, 'Content-Type', JSON_TYPE, 'Cache-Control', 'no-store', 'Content-Length', length];
}

/** Adds the `dovecot` part, itself JSON, to a JSON object. */
function withDovecot(json: string, dovecot: string | undefined): string {
  return dovecot === undefined ? json : `${json.slice(0, -1)},"dovecot":${dovecot}}`;
}

function sizeOf(attributes: Attributes): number {
  let bytes = 0;
  for (const [name, values] of Object.entries(attributes)) {
    for (const value of values) bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  }
  return bytes;
}
