import type { Attempt } from '../../../login/attempt.ts';
import { type FieldProblem, parseAttempt, type RequestContext } from '../json/request.ts';
import { inRealm, protocolOfService } from './realm.ts';

/** Fields of a form that have another name in the bodies of the structured doors. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['port', 'local_port'],
  ['tls', 'ssl'],
  ['security', 'ssl_protocol'],
]);
/** What is not for the question itself. */
const OWN: ReadonlySet<string> = new Set(['realm', 'caller', 'caller_secret']);
const NOT_ASCII = /[^\u0000-\u007f]/;

export type FormContext = Pick<RequestContext, 'session' | 'caller' | 'userAgent'>;

/**
 * Turns the fields of a form into a login: they become the fields of a body, so that limits and meanings are those of the structured
 * doors.
 * @param fields by their names in lower case, one character for each byte
 */
export function parseForm(fields: ReadonlyMap<string, string>, context: FormContext): Attempt | FieldProblem {
  const body: Record<string, string> = {};
  let isAscii = true;
  for (const [name, value] of fields) {
    if (OWN.has(name)) continue;
    const field = RENAMED.get(name) ?? name;
    if (field !== name && fields.has(field))
      return { kind: 'problem', field: name, message: `is sent as ${field}, too` };
    body[field] = valueOf(field, value);
    isAscii &&= !NOT_ASCII.test(value);
  }
  const realm = fields.get('realm') ?? '';
  if (body['username']) body['username'] = inRealm(body['username'], realm);
  const isLatin1 = !isAscii || NOT_ASCII.test(realm);
  const read = {
    ...context,
    mode: 'authenticate',
    externalSession: undefined,
    isLatin1,
    hasUnicodeEscapes: false,
  } as const;
  return parseAttempt(body, read);
}

function valueOf(field: string, value: string): string {
  return field === 'service' || field === 'protocol' ? protocolOfService(value) : value;
}
