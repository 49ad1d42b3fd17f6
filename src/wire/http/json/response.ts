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
import { headerBytes, renderAttributeHeaders } from '../attribute-headers.ts';

interface RenderedAccount {
  readonly body: string;
  readonly headers: readonly string[];
  /** Bytes of all attribute names and values. */
  readonly attributeBytes: number;
}

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

  /** Sends the verdict; gives the status. */
  send(res: ServerResponse, session: string, verdict: Verdict): number {
    switch (verdict.kind) {
      case 'accept':
        return this.#sendAccepted(res, session, verdict.account);
      case 'refuse': {
        const text = REFUSAL_TEXTS[verdict.reason];
        sendJson(res, 403, authHeaders(text, session), `{"ok":false,"error":${JSON.stringify(text)}}`);
        return 403;
      }
      case 'defer': {
        const status = DEFER_STATUSES[verdict.cause];
        sendJson(
          res,
          status,
          authHeaders(TEMPORARY_TEXT, session),
          `{"ok":false,"error":${JSON.stringify(TEMPORARY_TEXT)}}`,
        );
        return status;
      }
    }
  }

  /** Bytes of an account's attributes, names included. */
  attributeBytes(account: Account): number {
    return this.#render(account).attributeBytes;
  }

  #sendAccepted(res: ServerResponse, session: string, account: Account): number {
    const { headers, body } = this.#render(account);
    res.writeHead(200, ['Auth-Status', ACCEPTED_TEXT, 'X-Nauthilus-Session', session, ...headers]);
    res.end(body);
    return 200;
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
  const body = JSON.stringify({
    ok: true,
    backend: account.backend,
    passdb_backend: account.backend,
    account_field: account.accountField,
    totp_secret_field: '',
    webauth_userid_field: '',
    display_name_field: '',
    attributes: account.attributes,
  });
  const headers = [
    'Auth-User',
    headerBytes(account.name),
    'Content-Type',
    JSON_TYPE,
    'Cache-Control',
    'no-store',
    'Content-Length',
    String(Buffer.byteLength(body)),
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
