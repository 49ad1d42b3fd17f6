import type { ServerResponse } from 'node:http';
import type { Account, Attributes } from '../../../login/account.ts';
import type { Verdict } from '../../../login/verdict.ts';
import {
  ACCEPTED_TEXT,
  authHeaders,
  DEFER_STATUSES,
  JSON_TYPE,
  REFUSAL_TEXTS,
  sendJson,
  TEMPORARY_TEXT,
} from '../answer.ts';
import { binaryText, renderAttributeHeaders } from '../attribute-headers.ts';

interface RenderedAccount {
  /** One character for each byte. */
  readonly body: string;
  readonly headers: readonly string[];
  /** Bytes of all attribute names and values. */
  readonly attributeBytes: number;
}

const DEFERRED_BODY = `{"ok":false,"error":${JSON.stringify(TEMPORARY_TEXT)}}`;

/**
 * Turns verdicts into answers. What is made of an account is kept with it: accounts never change, and a backend that hands
 * out the same one again saves the rendering.
 */
export class JsonRenderer {
  readonly #rendered = new WeakMap<Account, RenderedAccount>();
  readonly #headersLimit: number;

  /** @param headersLimit bytes of `X-Nauthilus-*` headers per answer, 0 for none */
  constructor(headersLimit: number) {
    this.#headersLimit = headersLimit;
  }

  /** Sends the verdict. */
  send(res: ServerResponse, session: string, verdict: Verdict): void {
    switch (verdict.kind) {
      case 'accept':
        this.#sendAccepted(res, session, verdict.account);
        return;
      case 'refuse': {
        const text = REFUSAL_TEXTS[verdict.reason];
        sendJson(res, 403, authHeaders(text, session), `{"ok":false,"error":${JSON.stringify(text)}}`);
        return;
      }
      case 'defer':
        sendJson(res, DEFER_STATUSES[verdict.cause], authHeaders(TEMPORARY_TEXT, session), DEFERRED_BODY);
    }
  }

  /** Bytes of an account's attributes, names included. */
  attributeBytes(account: Account): number {
    return this.#render(account).attributeBytes;
  }

  #sendAccepted(res: ServerResponse, session: string, account: Account): void {
    const { headers, body } = this.#render(account);
    res.writeHead(200, ['Auth-Status', ACCEPTED_TEXT, 'X-Nauthilus-Session', session, ...headers]);
    // Node joins headers and body into one text: both must be in the same encoding.
    res.end(body, 'latin1');
  }

  #render(account: Account): RenderedAccount {
    const known = this.#rendered.get(account);
    if (known !== undefined) return known;
    const rendered = renderAccount(account, this.#headersLimit);
    this.#rendered.set(account, rendered);
    return rendered;
  }
}

/** `passdb_backend` and the three empty fields are older names that clients may still look for. */
function renderAccount(account: Account, headersLimit: number): RenderedAccount {
  const body = binaryText(
    JSON.stringify({
      ok: true,
      backend: account.backend,
      passdb_backend: account.backend,
      account_field: account.accountField,
      totp_secret_field: '',
      webauth_userid_field: '',
      display_name_field: '',
      attributes: account.attributes,
    }),
  );
  const headers = [
    'Auth-User',
    binaryText(account.name),
    'Content-Type',
    JSON_TYPE,
    'Cache-Control',
    'no-store',
    'Content-Length',
    String(body.length),
    ...renderAttributeHeaders(account.attributes, headersLimit),
  ];
  return { body, headers, attributeBytes: sizeOf(account.attributes) };
}

function sizeOf(attributes: Attributes): number {
  let bytes = 0;
  for (const [name, values] of Object.entries(attributes)) {
    for (const value of values) bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  }
  return bytes;
}
