import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AccountName } from '../../../login/account-name.ts';
import { ACCEPTED_TEXT, authHeaders, JSON_TYPE } from '../answer.ts';
import type { ListForm } from './account-list-form.ts';
import { CborNames } from './account-list-cbor.ts';

const TYPES: Readonly<Record<ListForm, string>> = {
  json: JSON_TYPE,
  cbor: 'application/cbor',
  form: 'application/x-www-form-urlencoded',
  text: 'text/plain; charset=utf-8',
};

export interface ListAnswer {
  readonly res: ServerResponse;
  readonly session: string;
  readonly form: ListForm;
  /** False where only the headers are wanted. */
  readonly hasBody: boolean;
  /** Ends the list where it takes too long or nobody waits for it any more. */
  readonly signal: AbortSignal;
}

export interface ListOutcome {
  /** Number of accounts sent. */
  readonly accounts: number;
  /** Why the list could not be had or was cut off; absent where it was sent whole. */
  readonly error?: string;
}

/** Makes the parts of a body out of names as they come. */
interface ListWriter {
  /** What is to be sent now; empty where that has to wait for more names. */
  page(names: readonly AccountName[], isFirst: boolean): string;
  /** What is left to be sent. */
  end(isEmpty: boolean): Iterable<string | Uint8Array>;
}

const WRITERS: Readonly<Record<ListForm, () => ListWriter>> = {
  json: () => ({
    page: (names, isFirst) => (isFirst ? '[' : ',') + JSON.stringify(names).slice(1, -1),
    end: (isEmpty) => [isEmpty ? '[]' : ']'],
  }),
  cbor: () => new CborNames(),
  form: () => ({
    page: (names, isFirst) =>
      (isFirst ? '' : '&') + names.map((name) => `account=${encodeURIComponent(name)}`).join('&'),
    end: () => [],
  }),
  text: () => ({ page: (names) => `${names.join('\r\n')}\r\n`, end: () => [] }),
};

/**
 * Sends a list of accounts as it comes: a JSON array of strings, a CBOR array of text strings, a form with a field `account` for each,
 * or one account a line ended by CR LF. Nothing is sent before the first page is there, so that a list which cannot be had is still an
 * error. Where the outcome has an error after headers were sent, the answer was not ended: only breaking the connection tells the client.
 */
export async function sendAccountList(
  answer: ListAnswer,
  pages: AsyncIterable<readonly AccountName[]>,
): Promise<ListOutcome> {
  const { res, signal } = answer;
  const writer = WRITERS[answer.form]();
  let accounts = 0;
  try {
    for await (const page of pages) {
      if (page.length === 0) continue;
      signal.throwIfAborted();
      if (!answer.hasBody) break;
      const text = writer.page(page, accounts === 0);
      accounts += page.length;
      if (text !== '') await write(answer, text);
    }
    if (answer.hasBody) for (const rest of writer.end(accounts === 0)) await write(answer, rest);
  } catch (cause) {
    return { accounts, error: reasonOf(signal.aborted ? signal.reason : cause) };
  }
  sendHead(answer);
  res.end();
  return { accounts };
}

async function write(answer: ListAnswer, chunk: string | Uint8Array): Promise<void> {
  const { res, signal } = answer;
  sendHead(answer);
  if (!res.write(chunk)) await once(res, 'drain', { signal });
}

function sendHead({ res, session, form }: ListAnswer): void {
  if (res.headersSent) return;
  const headers = authHeaders(ACCEPTED_TEXT, session);
  res.writeHead(200, [...headers, 'Content-Type', TYPES[form], 'Cache-Control', 'no-store', 'Vary', 'Accept']);
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
