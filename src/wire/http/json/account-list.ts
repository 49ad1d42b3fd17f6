import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AccountName } from '../../../login/account-name.ts';
import { ACCEPTED_TEXT, authHeaders, JSON_TYPE } from '../answer.ts';

/** The forms in which an account list can be had. */
export type ListForm = 'json' | 'text';

const TYPES: Record<ListForm, string> = { json: JSON_TYPE, text: 'text/plain; charset=utf-8' };

interface Preference {
  readonly form: ListForm;
  readonly quality: number;
  /** How exactly the range names the form: type and subtype, type only, anything. */
  readonly precision: number;
}

/**
 * Chooses the form by the `Accept` header (RFC 9110 12.5.1); JSON where nothing is asked for or both are as welcome.
 * `undefined` where neither is acceptable.
 */
export function chooseListForm(accept: string | undefined): ListForm | undefined {
  if (accept === undefined || accept.trim() === '') return 'json';
  const ranges = accept.split(',').map(parseRange);
  let best: Preference | undefined;
  for (const form of ['json', 'text'] as const) {
    const preference = preferenceFor(form, ranges);
    if (preference.quality > (best?.quality ?? 0)) best = preference;
  }
  return best?.form;
}

function parseRange(text: string): { range: string; quality: number } {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = q === undefined ? 1 : Number(q.slice(2));
  return { range, quality: Number.isFinite(quality) ? Math.min(quality, 1) : 0 };
}

function preferenceFor(form: ListForm, ranges: readonly { range: string; quality: number }[]): Preference {
  const [type, major] = form === 'json' ? ['application/json', 'application/*'] : ['text/plain', 'text/*'];
  let best: Preference = { form, quality: 0, precision: 0 };
  for (const { range, quality } of ranges) {
    const precision = range === type ? 3 : range === major ? 2 : range === '*/*' ? 1 : 0;
    if (precision > best.precision) best = { form, quality, precision };
  }
  return best;
}

export interface ListAnswer {
  readonly res: ServerResponse;
  readonly session: string;
  readonly form: ListForm;
  /** Ends the list where it takes too long or nobody waits for it any more. */
  readonly signal: AbortSignal;
}

export interface ListOutcome {
  /** Number of accounts sent. */
  readonly accounts: number;
  /** Why the list could not be had or was cut off; absent where it was sent whole. */
  readonly error?: string;
}

/**
 * Sends a list of accounts as it comes: a JSON array of strings, or one account a line ended by CR LF. Nothing is sent before
 * the first page is there, so that a list which cannot be had is still an error. Where the outcome has an error after headers
 * were sent, the answer was not ended: only breaking the connection tells the client.
 */
export async function sendAccountList(
  answer: ListAnswer,
  pages: AsyncIterable<readonly AccountName[]>,
): Promise<ListOutcome> {
  const { res, form } = answer;
  let accounts = 0;
  try {
    for await (const page of pages) {
      if (page.length === 0) continue;
      answer.signal.throwIfAborted();
      if (accounts === 0) sendHead(answer);
      const isDrained = res.write(renderPage(form, page, accounts === 0));
      accounts += page.length;
      if (!isDrained) await once(res, 'drain', { signal: answer.signal });
    }
  } catch (cause) {
    return { accounts, error: reasonOf(answer.signal.aborted ? answer.signal.reason : cause) };
  }
  if (accounts === 0) sendHead(answer);
  res.end(form === 'json' ? (accounts === 0 ? '[]' : ']') : '');
  return { accounts };
}

function sendHead({ res, session, form }: ListAnswer): void {
  const headers = authHeaders(ACCEPTED_TEXT, session);
  res.writeHead(200, [...headers, 'Content-Type', TYPES[form], 'Cache-Control', 'no-store', 'Vary', 'Accept']);
}

function renderPage(form: ListForm, names: readonly AccountName[], isFirst: boolean): string {
  if (form === 'text') return `${names.join('\r\n')}\r\n`;
  return (isFirst ? '[' : ',') + JSON.stringify(names).slice(1, -1);
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
