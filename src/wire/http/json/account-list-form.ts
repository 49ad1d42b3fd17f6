/** The forms in which an account list can be had. */
export type ListForm = 'json' | 'cbor' | 'form' | 'text';

/** The forms, most welcome first where a client does not care. */
export const LIST_FORMS: readonly ListForm[] = ['json', 'text', 'cbor', 'form'];

const MEDIA_TYPES: Readonly<Record<ListForm, string>> = {
  json: 'application/json',
  text: 'text/plain',
  cbor: 'application/cbor',
  form: 'application/x-www-form-urlencoded',
};

/** The media types of all forms, for people. */
export const LISTED_TYPES: string = Object.values(MEDIA_TYPES).join(', ');

interface Preference {
  readonly form: ListForm;
  readonly quality: number;
  /** How exactly the range names the form: type and subtype, type only, anything. */
  readonly precision: number;
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

/**
 * Chooses the form by the `Accept` header (RFC 9110 12.5.1); the first where nothing is asked for, and the earlier of those that are
 * as welcome. `undefined` where none is acceptable.
 */
export function chooseListForm(
  accept: string | undefined,
  forms: readonly ListForm[] = LIST_FORMS,
): ListForm | undefined {
  if (accept === undefined || accept.trim() === '') return forms[0];
  const ranges = accept.split(',').map(parseRange);
  let best: Preference | undefined;
  for (const form of forms) {
    const preference = preferenceFor(form, ranges);
    if (preference.quality > (best?.quality ?? 0)) best = preference;
  }
  return best?.form;
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = q === undefined ? 1 : Number(q.slice(2));
  return { type, quality: Number.isFinite(quality) ? Math.min(quality, 1) : 0 };
}

function preferenceFor(form: ListForm, ranges: readonly Range[]): Preference {
  const exact = MEDIA_TYPES[form];
  const major = `${exact.slice(0, exact.indexOf('/'))}/*`;
  let best: Preference = { form, quality: 0, precision: 0 };
  for (const { type, quality } of ranges) {
    const precision = type === exact ? 3 : type === major ? 2 : type === '*/*' ? 1 : 0;
    if (precision > best.precision) best = { form, quality, precision };
  }
  return best;
}
