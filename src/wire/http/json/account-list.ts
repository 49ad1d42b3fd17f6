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
  return { range, quality: Number.isFinite(quality) ? quality : 0 };
}

function preferenceFor(form: ListForm, ranges: readonly { range: string; quality: number }[]): Preference {
  const [type] = form === 'json' ? ['application/json'] : ['text/plain'];
  const major = `${type.split('/')[0]}/*`;
  let best: Preference = { form, quality: 0, precision: 0 };
  for (const { range, quality } of ranges) {
    const precision = range === type ? 3 : range === major ? 2 : range === '*/*' ? 1 : 0;
    if (precision > best.precision) best = { form, quality, precision };
  }
  return best;
}

/**
 * Sends a list of accounts as it comes: a JSON array of strings, or one account a line ended by CR LF. Nothing is sent before
 * the first page is there, so that a list which cannot be had is still an error. Gives the number of accounts sent.
 */
export async function sendAccountList(
  res: ServerResponse,
  session: string,
  form: ListForm,
  pages: AsyncIterable<readonly AccountName[]>,
): Promise<number> {
  const source = pages[Symbol.asyncIterator]();
  const first = await source.next();
  const headers = authHeaders(ACCEPTED_TEXT, session);
  res.writeHead(200, [...headers, 'Content-Type', TYPES[form], 'Cache-Control', 'no-store', 'Vary', 'Accept']);
  let sent = 0;
  for (let page = first; page.done !== true; page = await source.next()) {
    if (res.destroyed) {
      await source.return?.(undefined);
      return sent;
    }
    const isDrained = res.write(renderPage(form, page.value, sent === 0));
    sent += page.value.length;
    if (!isDrained) await drained(res);
  }
  res.end(form === 'json' ? (sent === 0 ? '[]' : ']') : '');
  return sent;
}

function renderPage(form: ListForm, names: readonly AccountName[], isFirst: boolean): string {
  if (form === 'text') return `${names.join('\r\n')}\r\n`;
  return (isFirst ? '[' : ',') + JSON.stringify(names).slice(1, -1);
}

/** Waits for room, or for the client to go away; who reads too slowly is cut off by the server's deadlines. */
async function drained(res: ServerResponse): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  await Promise.race([once(res, 'drain', { signal }), once(res, 'close', { signal })]).catch(() => undefined);
  waiting.abort();
}
