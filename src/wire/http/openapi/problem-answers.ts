import Type from 'typebox';
import { type ErrorStatus, STATUS_TEXTS } from '../answer.ts';
import { ALLOW, AUTH_HEADERS, CHALLENGE, RETRY_AFTER, WANTED } from './header-shapes.ts';
import type { AnswerShape, Answers, HeaderShape } from './operation.ts';

/** The body of a problem. */
export const ProblemBody = Type.Object(
  {
    error: Type.String({ description: 'What is wrong, for people.' }),
    errors: Type.Optional(
      Type.Array(Type.Object({ field: Type.String(), message: Type.String() }), {
        description: 'There where one field, parameter or header is at fault.',
        minItems: 1,
        maxItems: 1,
      }),
    ),
  },
  { $id: 'Problem', description: 'A request that got no decision.' },
);

const DESCRIPTIONS = {
  400: 'The request is malformed; the field at fault is named.',
  401: 'The caller did not prove who it is, or lacks the scope. Never 403: a mail server takes that as the mail user’s fault.',
  404: 'Nothing is known at this path.',
  405: 'The method is not served here, or not for this question.',
  406: 'The answer cannot be had in a form that `Accept` asks for.',
  408: 'The request did not arrive in time.',
  413: 'The body is larger than 64 KiB.',
  415: 'The body has another media type, or is compressed.',
  417: '`Expect` asks for more than `100-continue`.',
  429: 'Too many wrong credentials of this caller.',
  431: 'The header section is too large.',
  500: 'It cannot be done now; ask again later.',
  503: 'Too many requests are under way, or the caller cannot be checked now.',
} as const satisfies Readonly<Record<ErrorStatus, string>>;

const OTHER = 'Any other problem of HTTP itself: 405, 408, 417 and 431.';

const HEADERS: Readonly<Partial<Record<ErrorStatus, Readonly<Record<string, HeaderShape>>>>> = {
  401: CHALLENGE,
  405: ALLOW,
  429: RETRY_AFTER,
};

type More = Readonly<Record<string, HeaderShape>>;

/**
 * Answers to requests that get no decision, those of any other status included.
 * @param more headers that may be there as well
 */
export function problemAnswers(statuses: readonly ErrorStatus[], more: More = {}): Answers {
  const known = statuses.map((status) => [String(status), problemAnswer(status, more)] as const);
  const others = { description: OTHER, headers: AUTH_HEADERS, moreHeaders: { ...ALLOW, ...more }, bodies: BODIES };
  return Object.fromEntries([...known, ['default', others]]);
}

const BODIES = { 'application/json': ProblemBody };

function problemAnswer(status: ErrorStatus, more: More): AnswerShape {
  return {
    description: `${DESCRIPTIONS[status]} \`Auth-Status\` says: ${STATUS_TEXTS[status]}.`,
    headers: { ...AUTH_HEADERS, ...HEADERS[status] },
    moreHeaders: status === 415 ? { ...WANTED, ...more } : more,
    bodies: BODIES,
  };
}

/** What can go wrong wherever a caller has to prove itself. */
export const CALLER_PROBLEMS = [401, 429, 503] as const satisfies readonly ErrorStatus[];
/** What can go wrong wherever a body is read, beside that. */
export const BODY_PROBLEMS = [400, 413, 415] as const satisfies readonly ErrorStatus[];
